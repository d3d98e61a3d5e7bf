"""PyTorch's part of bench/weights.ts: weights_torch.py MODEL FILE ROUNDS"""

import json
import re
import sys
import time

import torchvision
from safetensors.torch import load_file

name, path, rounds = sys.argv[1:]
model = getattr(torchvision.models, name)()


def memory(line):
    with open("/proc/self/status") as status:
        return 1024 * int(re.search(rf"^{line}:\s+(\d+)", status.read(), re.M).group(1))


for _ in range(int(rounds)):
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
    before = memory("VmRSS")
    start = time.perf_counter()
    model.load_state_dict(load_file(path), strict=False)  # our files hold no counts of batches
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "rise": memory("VmHWM") - before}))
