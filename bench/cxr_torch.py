"""PyTorch's side of bench:cxr in bfloat16: the reference run of shared/bench inside autocast, seed after seed.

python bench/cxr_torch.py SCRIPT DATA --seeds 1,2,3 --precision bfloat16|float32; prints the script's JSON lines.
"""
import argparse, contextlib, io, json, runpy, sys
import torch

parser = argparse.ArgumentParser()
parser.add_argument("script", help="cxr_resnet18_torch.py of the shared bench")
parser.add_argument("data", help="folder with manifest.csv")
parser.add_argument("--seeds", default="0")
parser.add_argument("--epochs", default="15")
parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
options = parser.parse_args()
# probabilities in float32: NumPy has no bfloat16
softmax = torch.Tensor.softmax
torch.Tensor.softmax = lambda logits, axis: softmax(logits.float(), axis)
# without the cache of cast weights, which lives as long as the context: here the whole training
for seed in options.seeds.split(","):
    sys.argv = [options.script, options.data, "resnet18", "96", options.epochs, seed, "label3"]
    said = io.StringIO()
    half = options.precision == "bfloat16"
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half, cache_enabled=False), contextlib.redirect_stdout(said):
        runpy.run_path(options.script, run_name="__main__")
    result = json.loads(said.getvalue().strip().split("\n")[-1])
    print(json.dumps({"precision": options.precision, **result}), flush=True)
