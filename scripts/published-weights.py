"""Writes the tables of published weights in src/models/weights/published from the libraries' own tables.

    pip install torch torchvision==0.24.* timm==1.0.31
    python scripts/published-weights.py [MODEL ...]

MODEL: names of `models.list()`; by default those of the tables as they are. What torchvision has a model of is taken from there; timm's
weights of the same name are added where its network computes the same from the same tensors, which is tried out.
"""

import json
import re
import sys
from pathlib import Path

import timm
import torch
from timm.models import get_pretrained_cfg, is_model, list_pretrained
from torchvision.models import get_model, get_model_weights, list_models

FOLDER = Path(__file__).parent.parent / "src/models/weights/published"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
STATISTICS = {
    IMAGENET: "imagenet",
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)): "half",
    ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)): "kinetics",
    ((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3): "dpn",
}
# torchvision builds these with transform_input where they are pretrained: its inputs are scaled again, to 0.5 and 0.5
TRANSFORM_INPUT = ("googlenet", "inception_v3")
WITHOUT_HEAD = ("IMAGENET1K_FEATURES",)


def statistics(mean, std):
    return STATISTICS[tuple(mean), tuple(std)]


def torchvision_rows(name):
    for weights in get_model_weights(name):
        if weights.name in WITHOUT_HEAD:
            continue
        preset, meta = weights.transforms(), weights.meta
        resize = preset.resize_size if len(preset.resize_size) > 1 else preset.resize_size[0]
        data, accuracy = next(iter(meta["_metrics"].items()))
        stats = statistics(preset.mean, preset.std)
        yield [
            name,
            weights.name,
            weights.url.removeprefix("https://download.pytorch.org/models/"),
            meta["_file_size"],
            accuracy["acc@1"],
            preset.crop_size[0],
            list(resize) if isinstance(resize, tuple) else resize,
            preset.interpolation.value,
            "half" if name in TRANSFORM_INPUT else stats,
            weights is get_model_weights(name).DEFAULT,
            *([meta["license"]] if "license" in meta else []),
        ]


def order_of_names(name):
    """How timm's state dict maps to torchvision's: 'name', 'order', or None where the networks differ."""
    torch.manual_seed(0)
    ours, theirs = get_model(name), timm.create_model(name)
    for layer in theirs.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.weight, 0.8, 1.2)
            torch.nn.init.normal_(layer.bias, std=0.1)
            torch.nn.init.normal_(layer.running_mean, std=0.1)
            torch.nn.init.uniform_(layer.running_var, 0.8, 1.2)
    own = {k: v for k, v in ours.state_dict().items() if not k.startswith(("AuxLogits", "aux"))}
    given = {k: v for k, v in theirs.state_dict().items() if not k.startswith("AuxLogits")}
    if {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in given.items()}:
        found, state = "name", given
    elif [v.shape for v in own.values()] == [v.shape for v in given.values()]:
        found, state = "order", dict(zip(own, given.values()))
    else:
        return None
    ours.load_state_dict(state, strict=False)
    x = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        a, b = ours.eval()(x), theirs.eval()(x)
    error = ((a - b).norm() / b.norm()).item()
    print(f"{name}: timm's names by {found}, logits {error:.1e} apart", file=sys.stderr)
    return found if error < 1e-4 else None


def timm_rows(name, order):
    default = get_pretrained_cfg(name).tag
    for full in list_pretrained(f"{name}.*"):
        cfg = get_pretrained_cfg(full)
        # without a head there is nothing to start from by name; torchvision's own are in its table
        if cfg.num_classes == 0 or cfg.tag.startswith(("tv_", "tv2_")):
            continue
        if cfg.hf_hub_id not in (None, f"timm/{full}") or cfg.hf_hub_filename or cfg.custom_load or cfg.label_offset:
            raise ValueError(f"{full} is otherwise than the others: {cfg}")
        rest = {
            "url": None if cfg.hf_hub_id else cfg.url,
            "order": True if order == "order" else None,
            "squash": True if cfg.crop_mode == "squash" else None,
            "classes": cfg.num_classes if cfg.num_classes != 1000 else None,
        }
        rest = {k: v for k, v in rest.items() if v is not None}
        yield [
            name,
            cfg.tag,
            cfg.input_size[1],
            cfg.crop_pct,
            cfg.interpolation,
            statistics(cfg.mean, cfg.std),
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


def names_in_tables():
    rows = (FOLDER / f"{library}.ts" for library in ("torchvision", "timm"))
    return list(dict.fromkeys(re.findall(r"^  \['(\w+)'", "".join(p.read_text() for p in rows), re.M)))


def main(names):
    names = names or names_in_tables()
    from_torchvision, from_timm = [], []
    for name in names:
        if name in list_models():
            from_torchvision += torchvision_rows(name)
        if is_model(name):
            order = order_of_names(name) if name in list_models() else "name"
            if order:
                from_timm += timm_rows(name, order)
    write("torchvision", "0.24", "TorchvisionRow", from_torchvision)
    write("timm", "1.0.31", "TimmRow", from_timm)


if __name__ == "__main__":
    main(sys.argv[1:])
