"""Writes what PyTorch's networks compute, in float64, for `npm run parity` to compare with: a file for each network.

    pip install torch torchvision==0.24.* timm==1.0.31
    python scripts/zoo-fixtures.py FOLDER NAME[=TIMM][:SIZE[,SIZE …]] …
    npm run -s parity -- FOLDER

NAME is one of `models.list()`, TIMM is timm's name of a network that shall compute the same as torchvision's, SIZE is
[BATCHx][DEPTHx]HEIGHTxWIDTH; without sizes there are two pictures of 64 × 64 and two of an odd size. Weights and pictures are numbers seeded by the name of their tensor, so that both sides have the same: `byRule` in
test/support/parity.ts is the other side. What it writes is not committed.
"""

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision

VOLUMES = ("r3d_18", "mc3_18", "r2plus1d_18")
# whose output torchvision's networks pool, where it isn't what goes into avgpool
LAST_MAP = {
    "densenet": "features",
    "mnasnet": "layers",
    "mobilenet_v2": "features",
    "shufflenet": "conv5",
    "squeezenet": "classifier.2",
    "vit": "encoder",
}


def numbers(name, count):
    """FNV-1a of the name seeds mulberry32, whose upper 24 bits give odd multiples of 2^-24 between -1 and 1."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 % 2**32
    a = (seed + 0x6D2B79F5 * np.arange(1, count + 1, dtype=np.uint64)).astype(np.uint32)
    a = (a ^ (a >> 15)) * (a | 1)
    a ^= a + (a ^ (a >> 7)) * (a | 61)
    a ^= a >> 14
    return ((a >> 8).astype(np.float64) * 2 + 1 - 2**24) / 2**24


def is_scaled(name, shape):
    return len(shape) > 1 and not re.search("relative_position_bias_table|class_token|pos_embedding|layer_scale", name)


def filled(name, shape, gain):
    """A parameter: numbers around a centre, up to some distance from it, by what it is for."""
    if is_scaled(name, shape):
        centre, reach = 0, gain * math.sqrt(3 / math.prod(shape[1:]))
    elif "layer_scale" in name:
        centre, reach = 0.5, 0.2
    elif len(shape) > 1:
        centre, reach = 0, 0.5
    elif name.endswith(("running_var", "weight")):
        centre, reach = 1, 0.2
    else:
        centre, reach = 0, 0.1
    return torch.from_numpy((centre + reach * numbers(name, math.prod(shape))).astype(np.float32)).reshape(shape)


def pictures(shape):
    """Pictures whose channels differ in brightness."""
    planes = 1.5 * numbers("input.plane", shape[0] * shape[1])
    values = planes[:, None] + 1.5 * numbers("input", math.prod(shape)).reshape(len(planes), -1)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def build(name, other, shape):
    """The library's network for these pictures: vision transformers are of one size."""
    if other or name not in torchvision.models.list_models():
        more = {"img_size": shape[-1]} if name.startswith("vit_") else {}
        return timm.create_model(other or name, num_classes=1000, **more).eval()
    more = {"num_classes": 1000} if name in VOLUMES else {}
    if name in ("googlenet", "inception_v3"):
        more["init_weights"] = False
    if name.startswith("vit_"):
        more["image_size"] = shape[-1]
    return torchvision.models.get_model(name, weights=None, **more).eval()


def tensors(network):
    return {k: v for k, v in network.state_dict().items() if v.is_floating_point()}


@torch.no_grad()
def run(name, network, x):
    """Logits, and the last feature map."""
    if hasattr(network, "forward_features"):
        return network(x), network.forward_features(x)
    seen = []
    path = next((path for family, path in LAST_MAP.items() if name.startswith(family)), None)
    if path:
        hook = network.get_submodule(path).register_forward_hook(lambda _, given, output: seen.append(output.clone()))
    else:
        hook = network.avgpool.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    logits = network(x)
    hook.remove()
    return logits, seen[0].relu() if name.startswith("densenet") else seen[0]


def fill(name, network, x):
    """Gives the network its numbers, and returns the gain at which the last feature map neither vanishes nor explodes."""
    own = tensors(network)
    for k, v in own.items():
        v.copy_(filled(k, v.shape, 1))
    if any(isinstance(m, torch.nn.LayerNorm) for m in network.modules()):
        return 1
    low, high, gain = 0.5, 2, 1
    for _ in range(6):
        before, gain = gain, math.sqrt(low * high)
        for k, v in own.items():
            if is_scaled(k, v.shape):
                v.mul_(gain / before)
        low, high = (gain, high) if run(name, network, x)[1].std() < 1 else (low, gain)
    gain = round(low, 2)
    for k, v in own.items():
        v.copy_(filled(k, v.shape, gain))
    return gain


def case(name, network, x):
    single = run(name, network, x)[0].double()
    logits, last = run(name, network.double(), x.double())
    network.float()
    return {
        "input": list(x.shape),
        "logits": logits.tolist(),
        "logits_l2": logits.norm().item(),
        "float32_error": ((single - logits).norm() / logits.norm()).item(),
        "feature": {"l2": last.norm().item()},
    }


def shape_of(name, size):
    shape = [int(n) for n in size.split("x")]
    places = 3 if name in VOLUMES else 2
    batch = shape[:-places] or [2]
    return [*batch, 3, *shape[-places:]]


def sizes_of(name, other):
    if other.startswith("swin_"):
        return ["224x224"]
    if name in VOLUMES:
        return ["5x48x48", "8x37x45"]
    if name.startswith("vit_"):
        return ["64x64"]
    if name == "hrnet_w18":
        return ["64x64", "96x61"]
    return ["96x96", "107x139"] if "ception" in name or name.startswith(("nasnet", "pnasnet")) else ["64x64", "75x101"]


def fixture(name, other, sizes):
    shapes = [shape_of(name, size) for size in sizes]
    network = build(name, other, shapes[0])
    gain = fill(name, network, pictures(shapes[0]))
    norms = {(type(m).__name__, m.eps) for m in network.modules() if hasattr(m, "eps")}
    return {
        "model": name,
        **({"timm": other} if other else {}),
        "source": f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}",
        "gain": gain,
        "norm_eps": sorted(norms),
        "tensors": [[k, list(v.shape)] for k, v in tensors(network).items()],
        "cases": [case(name, network, pictures(shape)) for shape in shapes],
    }


def main(folder, *names):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for each in names:
        names, _, sizes = each.partition(":")
        name, _, other = names.partition("=")
        found = fixture(name, other, sizes.split(",") if sizes else sizes_of(name, other))
        Path(folder, f"{each.replace(':', '-')}.json").write_text(json.dumps(found))
        errors = ", ".join(f"{c['float32_error']:.1e}" for c in found["cases"])
        print(f"{each}: gain {found['gain']}, PyTorch's own float32 {errors} off", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
