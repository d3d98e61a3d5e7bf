"""Prints what ipywidgets' own models are, as JSON: the state of each with nothing given.

    python test/widgets/models.py > test/widgets/models.json   # with ipywidgets 8.1.9
"""

import json
import sys

import ipywidgets
from ipywidgets import Widget
from ipywidgets.widgets.widget import _registry

WANTED = sys.argv[1:]


def value(x):
    if isinstance(x, Widget):
        return 'IPY_MODEL'
    if isinstance(x, str) and x.startswith('IPY_MODEL_'):
        return 'IPY_MODEL'
    if isinstance(x, (bytes, memoryview)):
        return 'BYTES'
    if isinstance(x, (list, tuple)):
        return [value(each) for each in x]
    return x


def make(cls):
    if cls.__name__ in ('SelectionSlider', 'SelectionRangeSlider'):
        return cls(options=['a'])
    if cls.__name__ in ('Link', 'DirectionalLink'):
        slider = ipywidgets.IntSlider()
        return cls(source=(slider, 'value'), target=(slider, 'value'))
    return cls()


models = {}
for _, cls in _registry.items():
    if cls.__name__ not in WANTED:
        continue
    if cls.__module__.endswith('controller'):
        continue
    widget = make(cls)
    state = {}
    for key in sorted(widget.keys):
        to_json = widget.traits()[key].metadata.get('to_json', widget._trait_to_json)
        state[key] = value(to_json(getattr(widget, key), widget))
    models[cls.__name__] = state
json.dump(dict(sorted(models.items())), sys.stdout, indent=1, allow_nan=False)
print()
