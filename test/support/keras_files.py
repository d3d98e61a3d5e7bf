"""Writes networks of keras.applications as Keras itself does, with random weights and statistics of batch norms that fit
them, and prints what they answer to pictures as JSON.

python keras_files.py FOLDER NAME:SIDE:ENDINGS …, where ENDINGS are h5, weights.h5, keras and keras1, the h5 of Keras 1;
a SIDE with a ? is for a network that answers nothing.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "numpy"
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
import h5py
import keras
import numpy as np

CLASSES = 7
COUNT = 4
random = np.random.default_rng(0)


def pictures(side):
    """Noise on a colour of its own in each quarter: pictures that a network tells apart without magnifying rounding."""
    colours = random.standard_normal((COUNT, 2, 2, 3)).repeat((side + 1) // 2, 1).repeat((side + 1) // 2, 2)
    noise = random.standard_normal((COUNT, side, side, 3))
    return (colours[:, :side, :side] + 0.5 * noise).astype("float32")


def randomise(model, side, scale):
    """Random scales and offsets; the statistics are those of random pictures, no variance far below the others."""
    for weight in model.weights:
        kind = weight.path.split("/")[-1]
        if "layer_scale" in weight.path:
            weight.assign(random.uniform(0.2, 0.6, weight.shape))
        elif kind == "gamma":
            weight.assign(random.uniform(0.7, 1.3, weight.shape))
        elif kind in ("bias", "beta"):
            weight.assign(0.1 * random.standard_normal(weight.shape))
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if norms:
        for norm in norms:
            norm.momentum = 0.0
        model(scale * pictures(side), training=True)
        for norm in norms:
            variance = np.asarray(norm.moving_variance)
            norm.moving_variance.assign(variance + 0.15 * variance.mean())
    else:
        # by He's rule, that the pictures are not lost on the way
        for weight in model.weights:
            if weight.path.endswith("/kernel"):
                deviation = (2 / np.prod(weight.shape[:-1])) ** 0.5
                weight.assign(deviation * random.standard_normal(weight.shape))


def create(name, side, **options):
    if name.startswith(("EfficientNetV2", "ConvNeXt", "MobileNetV3")):
        options["include_preprocessing"] = False
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(side, side, 3), **options)


def answer(model, side, scale=1):
    x = pictures(side)
    return {"pictures": x.ravel().tolist(), "logits": np.asarray(model(scale * x, training=False)).tolist()}


def save(model, base, endings):
    for ending in endings:
        path = f"{base}.{ending}"
        if ending == "keras1":
            keras1(model, path)
        elif ending == "weights.h5":
            model.save_weights(path)
        else:
            model.save(path)


def keras1(model, path):
    """The names of Keras 1: convolution2d_1/convolution2d_1_W:0."""
    kinds = {
        "kernel": "W",
        "bias": "b",
        "moving_mean": "running_mean",
        "moving_variance": "running_std",
    }
    counted = {"conv2d": "convolution2d", "batch_normalization": "batchnormalization", "predictions": "dense"}
    with h5py.File(path, "w") as file:
        names = []
        for layer in model.layers:
            stem, _, number = layer.name.rpartition("_")
            name = layer.name
            if name in counted:
                name = f"{counted[name]}_1"
            elif stem in counted:
                name = f"{counted[stem]}_{int(number) + 1}"
            names.append(name)
            group = file.create_group(name)
            weights = []
            for weight in layer.weights:
                kind = weight.path.split("/")[-1]
                weights.append(f"{name}_{kinds.get(kind, kind)}:0")
                group[weights[-1]] = np.asarray(weight)
            group.attrs["weight_names"] = [w.encode() for w in weights]
        file.attrs["layer_names"] = [n.encode() for n in names]


keras.utils.set_random_seed(0)
folder = sys.argv[1]
out = {}
for spec in sys.argv[2:]:
    name, side, endings = spec.split(":")
    base = os.path.join(folder, name)
    keras.backend.clear_session()
    if side.endswith("?"):
        save(create(name, int(side[:-1])), base, endings.split(","))
        continue
    side = int(side)
    # EfficientNets divide by 255 themselves
    scale = 255 if name.startswith("EfficientNetB") else 1
    model = create(name, side, classes=CLASSES, classifier_activation=None)
    randomise(model, side, scale)
    save(model, base, endings.split(","))
    out[name] = answer(model, side, scale)

# what people save: a classifier of their own on a network without its top
keras.backend.clear_session()
SIDE = 65
features = create("MobileNetV2", SIDE, include_top=False, pooling="avg")
randomise(features, SIDE, 1)
pixels = keras.Input((SIDE, SIDE, 3))
model = keras.Model(pixels, keras.layers.Dense(CLASSES)(features(pixels)))
save(model, os.path.join(folder, "own"), ["h5", "weights.h5", "keras"])
out["own"] = answer(model, SIDE)
hidden = keras.layers.Dense(16, activation="relu")
model = keras.Sequential([features, hidden, keras.layers.Dense(CLASSES, name="out")])
save(model, os.path.join(folder, "hidden"), ["h5", "keras"])
out["hidden"] = answer(model, SIDE)

print(json.dumps(out))
