"""PyTorch's part of bench/loader.ts: a line in, an epoch of its DataLoader, a line out. loader_torch.py FOLDER IMAGES WORKERS"""
import csv
import json
import sys
import time

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T

folder, images, workers = sys.argv[1:]
torch.set_num_threads(1)
with open(f'{folder}/manifest.csv', newline='') as f:
    rows = [row for row in csv.DictReader(f) if row['label3']][:int(images)]
classes = sorted({row['label3'] for row in rows})
transform = T.Compose([
    T.Resize(256),
    T.CenterCrop(224),
    T.RandomHorizontalFlip(),
    T.ToTensor(),
    T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


class Films(Dataset):
    def __len__(self):
        return len(rows)

    def __getitem__(self, i):
        picture = Image.open(f"{folder}/{rows[i]['file']}").convert('RGB')
        return transform(picture), classes.index(rows[i]['label3'])


loader = DataLoader(Films(), batch_size=32, num_workers=int(workers), persistent_workers=True)


def epoch():
    start = time.perf_counter()
    seen = 0
    total = 0.0
    for x, y in loader:
        seen += len(y)
        total += x.permute(0, 2, 3, 1).reshape(-1)[::1009].sum().item()
    return {'seconds': time.perf_counter() - start, 'images': seen, 'mean': total * 1009 / (seen * 224 * 224 * 3)}


print(json.dumps(epoch()), flush=True)
for _ in sys.stdin:
    print(json.dumps(epoch()), flush=True)
