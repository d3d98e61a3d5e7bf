"""Files of weights that Keras writes, and what its models say: keras_files.py FOLDER. Prints one JSON document."""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras  # noqa: E402
import numpy as np  # noqa: E402

folder = sys.argv[1]
rng = np.random.default_rng(7)


def fill(model):
    """Weights that are no initial ones: a batch norm with mean 0 and variance 1 would hide a mistake."""
    for w in model.weights:
        shape = w.shape
        kind = w.path.split("/")[-1]
        if kind in ("kernel", "depthwise_kernel"):
            fan = np.prod(shape[:-1]) if kind == "kernel" else np.prod(shape[:2])
            w.assign(rng.normal(0, np.sqrt(1.5 / fan), shape))
        elif kind in ("gamma", "moving_variance"):
            w.assign(rng.uniform(0.8, 1.2, shape))
        elif kind in ("beta", "bias", "moving_mean"):
            w.assign(rng.uniform(-0.1, 0.1, shape))


def case(name, make, scale):
    model = make()
    fill(model)
    size = model.input_shape[1]
    x = rng.uniform(-1, 1, (2, size, size, 3)).astype("float32")
    x.tofile(os.path.join(folder, f"{name}.input"))
    files = [f"{name}.h5", f"{name}.weights.h5", f"{name}.keras"]
    model.save(os.path.join(folder, files[0]))
    model.save_weights(os.path.join(folder, files[1]))
    model.save(os.path.join(folder, files[2]))
    # a model that takes pixels of 0..255 and scales them itself
    logits = np.asarray(model(scale(x), training=False))
    return {"files": files, "size": size, "logits": logits.tolist(), "parameters": len(model.weights)}


def small():
    """Two layers of every kind that a classifier of one's own has."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(4, 3, name="stem"),
            keras.layers.DepthwiseConv2D(3, name="depth"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, name="head"),
        ]
    )


options = dict(weights=None, classes=3, classifier_activation=None, input_shape=(64, 64, 3))
made = {
    "densenet121": case("densenet121", lambda: keras.applications.DenseNet121(**options), lambda x: x),
    "tf_efficientnet_b0": case(
        "tf_efficientnet_b0",
        lambda: keras.applications.EfficientNetB0(**options),
        # its own rescaling by 1/255, which the values are given free of
        lambda x: x * 255,
    ),
    "small": case("small", small, lambda x: x),
}
print(json.dumps(made))
