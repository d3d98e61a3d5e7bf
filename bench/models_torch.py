"""PyTorch's part of bench/models.ts: a line in, a network built, a line out. models_torch.py MODELS ROUNDS"""
import json
import sys
import time
import warnings

import timm
import torchvision

warnings.simplefilter('ignore')
models = json.loads(sys.argv[1])
rounds = int(sys.argv[2])


def built(name, source):
    start = time.perf_counter()
    model = timm.create_model(name) if source == 'timm' else torchvision.models.get_model(name, weights=None)
    seconds = time.perf_counter() - start
    return json.dumps({'seconds': seconds, 'parameters': sum(p.numel() for p in model.parameters())})


print(built('squeezenet1_1', 'torchvision'), flush=True)
for i, _ in enumerate(sys.stdin):
    print(built(*models[i // rounds]), flush=True)
