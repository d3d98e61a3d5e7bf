"""Checks ONNX files as ONNX itself defines them, and prints what they say of themselves as JSON."""

import json
import sys

import onnx

out = {}
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    out[path] = {
        "opset": model.opset_import[0].version,
        "weights": {t.name: list(t.dims) for t in model.graph.initializer},
        "ops": [n.op_type for n in model.graph.node],
        "metadata": {p.key: p.value for p in model.metadata_props},
    }
print(json.dumps(out))
