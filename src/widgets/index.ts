// Widgets: ipywidgets' controls, boxes and outputs for notebooks, with ipywidgets' own front end.
// Names are ipywidgets' in camelCase: `continuous_update` is `continuousUpdate`, `on_click` is `onClick`.

export * from './classes.js';
export { WidgetError } from './errors.js';
export {
  fixed,
  interact,
  interactive,
  type Argument,
  type Arguments,
  type Description,
  type Fixed,
  type Interactive,
  type InteractOptions,
  type Range,
} from './interact.js';
export { dlink, jsdlink, jslink, link, type End, type Linked } from './link.js';
export { Output } from './output.js';
export {
  Dropdown,
  RadioButtons,
  Select,
  SelectionSlider,
  SelectMultiple,
  ToggleButtons,
  type Labelled,
  type Options,
  type Selection,
} from './selection.js';
export { Widget, type Change } from './widget.js';
