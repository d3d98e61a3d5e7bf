"""Writes the tables of published weights in src/models/weights/published from the libraries' own tables.

    pip install torch torchvision timm==1.0.31
    node scripts/build.mjs && python scripts/published-weights.py [MODEL ...]

MODEL: names of `models.list()`; by default all of them. What torchvision has a model of is taken from there; timm's weights are added
where its network computes the same: under the same names of tensors, or under names that library-names.ts knows. Whether it does
compute the same is shown by zoo-fixtures.py with `NAME=TIMM` and `npm run parity`.
"""

import json
import subprocess
import sys
from pathlib import Path

import timm
import torch
import torchvision
from timm.models import get_pretrained_cfg, is_model, list_pretrained
from torchvision.models import get_model, get_model_weights, list_models

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "src/models/weights/published"
STATISTICS = {
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)): "imagenet",
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)): "half",
    ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)): "clip",
    ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)): "kinetics",
    ((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3): "dpn",
}
# torchvision builds these with transform_input where they are pretrained: its inputs are scaled again, to 0.5 and 0.5
TRANSFORM_INPUT = ("googlenet", "inception_v3")
WITHOUT_HEAD = ("IMAGENET1K_FEATURES",)
# ImageNet-1k, 12k, 22k and 21k; other heads are of embeddings or of sets that nobody else has
CLASSES = (1000, 11821, 21841, 21843)
# timm's networks that compute the same as torchvision's under names that library-names.ts knows
RENAMED = {
    **{name: [name] for name in ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large")},
    # not the larger ones, whose norms have another epsilon
    **{f"efficientnet_b{n}": [f"efficientnet_b{n}"] for n in range(5)},
    "mnasnet1_0": ["mnasnet_100"],
    "mobilenet_v2": ["mobilenetv2_100"],
    # not 800mf, whose stages have other widths in timm
    "regnet_y_400mf": ["regnety_004"],
    "regnet_y_1_6gf": ["regnety_016"],
    "regnet_y_3_2gf": ["regnety_032"],
    "swin_t": ["swin_tiny_patch4_window7_224"],
    "swin_s": ["swin_small_patch4_window7_224"],
    "swin_b": ["swin_base_patch4_window7_224"],
    "vit_b_16": ["vit_base_patch16_224", "vit_base_patch16_384"],
    "vit_b_32": ["vit_base_patch32_224", "vit_base_patch32_384"],
    "vit_l_16": ["vit_large_patch16_224", "vit_large_patch16_384"],
    "vit_l_32": ["vit_large_patch32_384"],
}


def torchvision_rows(name):
    for weights in get_model_weights(name):
        if weights.name in WITHOUT_HEAD:
            continue
        preset, meta = weights.transforms(), weights.meta
        resize = preset.resize_size if len(preset.resize_size) > 1 else preset.resize_size[0]
        data, accuracy = next(iter(meta["_metrics"].items()))
        yield [
            name,
            weights.name,
            weights.url.removeprefix("https://download.pytorch.org/models/"),
            meta["_file_size"],
            accuracy["acc@1"],
            preset.crop_size[0],
            list(resize) if isinstance(resize, tuple) else resize,
            preset.interpolation.value,
            "half" if name in TRANSFORM_INPUT else STATISTICS[tuple(preset.mean), tuple(preset.std)],
            weights is get_model_weights(name).DEFAULT,
            *([meta["license"]] if "license" in meta else []),
        ]


def same_names(name):
    """Whether timm's network of this name has torchvision's tensors under the same names."""

    def shapes(create):
        with torch.device("meta"):
            state = create(name).state_dict()
        return {k: v.shape for k, v in state.items() if not k.startswith(("AuxLogits", "aux"))}

    def ours(name):
        return get_model(name, **({"init_weights": False} if name in TRANSFORM_INPUT else {}))

    return shapes(ours) == shapes(timm.create_model)


def timm_rows(name):
    if name in RENAMED:
        return [row for other in RENAMED[name] for row in rows_of_timm(name, other)]
    if is_model(name) and (name not in list_models() or same_names(name)):
        return rows_of_timm(name, name)
    return []


def rows_of_timm(name, other):
    default = get_pretrained_cfg(other).tag
    for full in list_pretrained(f"{other}.*"):
        cfg = get_pretrained_cfg(full)
        # without a head of pictures' classes there is nothing to start from by name; torchvision's own are in its table
        if cfg.num_classes not in CLASSES or cfg.tag.startswith(("tv_", "tv2_")):
            continue
        # custom_load is of the file at cfg.url
        if cfg.hf_hub_id not in (None, f"timm/{full}") or cfg.hf_hub_filename or cfg.label_offset:
            raise ValueError(f"{full} is otherwise than the others: {cfg}")
        rest = {
            "url": None if cfg.hf_hub_id else cfg.url,
            "squash": True if cfg.crop_mode == "squash" else None,
            "classes": cfg.num_classes if cfg.num_classes != 1000 else None,
        }
        rest = {k: v for k, v in rest.items() if v is not None}
        yield [
            name,
            cfg.tag if other == name else full,
            cfg.input_size[1],
            cfg.crop_pct,
            cfg.interpolation,
            STATISTICS[cfg.mean, cfg.std],
            cfg.license or "not stated",
            cfg.tag == default and name not in list_models(),
            *([rest] if rest else []),
        ]


def write(library, version, name_of_type, rows):
    path = FOLDER / f"{library}.ts"
    values = [", ".join(literal(v) for v in row) for row in rows]
    path.write_text(
        f"""// Weights that {library} publishes: facts from its own tables of version {version}, written by scripts/published-weights.py.

import type {{ {name_of_type} }} from './rows.js';

// prettier-ignore
export const {library}: readonly {name_of_type}[] = [
"""
        + "".join(f"  [{row}],\n" for row in values)
        + "];\n"
    )


def literal(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value) if not isinstance(value, str) else f"'{value}'"


def all_names():
    listing = "import { list } from './build/src/models/index.js'; console.log(list().join(' '))"
    command = ["node", "--input-type=module", "--eval", listing]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()


def main(names):
    names = names or all_names()
    write("torchvision", torchvision.__version__.split("+")[0], "TorchvisionRow",
          [row for name in names if name in list_models() for row in torchvision_rows(name)])
    write("timm", timm.__version__, "TimmRow", [row for name in names for row in timm_rows(name)])


if __name__ == "__main__":
    main(sys.argv[1:])
