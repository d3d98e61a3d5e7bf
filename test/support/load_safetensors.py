"""Loads safetensors files into torchvision's networks, strictly, and prints the logits of an input file as JSON."""

import json
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file

out = {}
for argument in sys.argv[1:]:
    name, path, shape, given = argument.split("=")
    model = getattr(torchvision.models, name)(weights=None).eval()
    model.load_state_dict(load_file(path), strict=True)
    x = torch.from_numpy(np.fromfile(given, dtype=np.float32).reshape(json.loads(shape)))
    with torch.no_grad():
        out[name] = model.float()(x).flatten().tolist()
print(json.dumps(out))
