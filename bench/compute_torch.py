"""PyTorch's part of bench/compute.ts: one network in a process of its own; a line in, some steps, a line out.
compute_torch.py MODEL train|forward BATCH SIZE STEPS eager|channels_last|compile|amp|compile_amp"""
import contextlib
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
import torchvision

name, mode, batch, size, steps, peer = sys.argv[1:]
torch.set_num_threads(2)
torch.manual_seed(0)
batch, size, steps = int(batch), int(size), int(steps)
model = getattr(torchvision.models, name)(weights=None)
x = torch.randn(batch, 3, size, size)
y = torch.randint(0, 1000, (batch,))
if peer != 'eager':
    model = model.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
model.train(mode == 'train')
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
call = torch.compile(model) if peer.startswith('compile') else model
half = (lambda: torch.autocast('cpu', dtype=torch.bfloat16)) if peer.endswith('amp') else contextlib.nullcontext


def train():
    optimizer.zero_grad(set_to_none=True)
    with half():
        loss = F.cross_entropy(call(x).float(), y)
    loss.backward()
    optimizer.step()
    loss.item()


def forward():
    with torch.no_grad(), half():
        call(x)


step = train if mode == 'train' else forward


def say(ms):
    print(json.dumps({'ms': ms, 'peak': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000}), flush=True)


for _ in range(4):
    step()
say([])
for _ in sys.stdin:
    ms = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        ms.append((time.perf_counter() - start) * 1000)
    say(ms)
