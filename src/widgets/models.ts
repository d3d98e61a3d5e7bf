// The table of models: each widget's traits with their defaults, and what its front end calls it.
// Names and defaults are those of ipywidgets 8, traits in camelCase; test/widgets/table.test.ts compares them.
import { LAYOUT, STYLES } from './styles.js';
import { bordered, bounded, chosen, chosenMany, logBounded, rangeBounded, shown } from './rules.js';
import {
  bool,
  bytes,
  choice,
  float,
  int,
  json,
  list,
  local,
  optional,
  pair,
  part,
  text,
  widget,
  wired,
  type Traits,
} from './traits.js';
import type { Model } from './widget.js';

type Styles = typeof STYLES;

const dom = {
  /** Where it stands and how large it is, as in CSS: `{ width: '50%' }`. */
  layout: part<typeof LAYOUT>('Layout'),
  /** CSS classes of its element. */
  domClasses: wired('_dom_classes', list(text())),
  tooltip: optional(text()),
  /** Whether the Tab key comes to it. */
  tabbable: optional(bool(true)),
};
const described = {
  ...dom,
  /** The label beside it. */
  description: text(),
  descriptionAllowHtml: bool(false),
};
const control = {
  ...described,
  /** The user can't change it. */
  disabled: bool(false),
};
const slider = {
  ...control,
  style: part<Styles['SliderStyle']>('SliderStyle'),
  orientation: choice('horizontal', 'vertical'),
  /** Whether the value stands beside it. */
  readout: bool(true),
  /** Changes while the user drags; otherwise once the handle is let go. */
  continuousUpdate: bool(true),
  behavior: choice('drag-tap', 'drag-snap', 'tap', 'drag', 'snap'),
};
const intRange = { min: int(0), max: int(100), step: int(1), readoutFormat: text('d') };
const floatRange = { min: float(0), max: float(100), step: float(0.1), readoutFormat: text('.2f') };
const progress = {
  ...described,
  style: part<Styles['ProgressStyle']>('ProgressStyle'),
  orientation: choice('horizontal', 'vertical'),
  barStyle: choice('', 'success', 'info', 'warning', 'danger'),
};
const numberText = {
  ...control,
  style: part<Styles['DescriptionStyle']>('DescriptionStyle'),
  continuousUpdate: bool(false),
};
const typed = {
  ...control,
  style: part<Styles['TextStyle']>('TextStyle'),
  value: text(),
  /** What stands there while it is empty. */
  placeholder: text('\u200b'),
  /** Changes with every key; otherwise with Enter, or when the user goes elsewhere. */
  continuousUpdate: bool(true),
};
const written = { ...described, value: text(), placeholder: text('\u200b') };
const box = {
  ...dom,
  /** The widgets in it. */
  children: list(widget),
  boxStyle: choice('', 'success', 'info', 'warning', 'danger'),
};
const pages = {
  ...box,
  /** One for each child. */
  titles: list(text()),
  /** The child that is open. */
  selectedIndex: optional(int(0)),
};
const buttonStyle = choice('', 'primary', 'success', 'info', 'warning', 'danger');
const selection = {
  ...control,
  /** What there is to choose from: values, `[label, value]` pairs, or an object or Map from label to value. */
  options: local(json<unknown>(() => [])),
  /** The value chosen. */
  value: local(json<unknown>(() => null)),
  label: local(optional(text())),
  index: optional(int(0)),
  optionsLabels: wired('_options_labels', list(text())),
};
const selectionMany = {
  ...selection,
  /** The values chosen. */
  value: local(json<unknown>(() => [])),
  label: local(list(text())),
  index: list(int(0)),
};
const describedBy = { style: part<Styles['DescriptionStyle']>('DescriptionStyle') };
const linked = { source: json<unknown>(() => []), target: json<unknown>(() => []) };
const BASE = '@jupyter-widgets/base';

const styleModels = Object.fromEntries(
  Object.entries(STYLES).map(([name, traits]) => [name, { view: 'StyleView', viewModule: BASE, traits }]),
) as unknown as { [N in keyof typeof STYLES]: { view: string; traits: (typeof STYLES)[N] } };

export const MODELS = {
  Layout: { module: BASE, traits: LAYOUT, rule: bordered },
  ...styleModels,

  IntSlider: { traits: { ...slider, ...intRange, value: int(0) }, rule: bounded },
  FloatSlider: { traits: { ...slider, ...floatRange, value: float(0) }, rule: bounded },
  FloatLogSlider: {
    traits: {
      ...slider,
      value: float(1),
      /** The exponent of the least value. */
      min: float(0),
      /** The exponent of the greatest value. */
      max: float(4),
      /** The exponent's step. */
      step: float(0.1),
      base: float(10),
      readoutFormat: text('.3g'),
    },
    rule: logBounded,
  },
  IntRangeSlider: { traits: { ...slider, ...intRange, value: pair(int(0), [25, 75]) }, rule: rangeBounded },
  FloatRangeSlider: {
    traits: { ...slider, ...floatRange, value: pair(float(0), [25, 75]) },
    rule: rangeBounded,
  },
  IntProgress: {
    view: 'ProgressView',
    traits: { ...progress, value: int(0), min: int(0), max: int(100) },
    rule: bounded,
  },
  FloatProgress: {
    view: 'ProgressView',
    traits: { ...progress, value: float(0), min: float(0), max: float(100) },
    rule: bounded,
  },
  Play: {
    traits: {
      ...control,
      ...describedBy,
      value: int(0),
      min: int(0),
      max: int(100),
      step: int(1),
      /** Milliseconds between two steps. */
      interval: int(100),
      playing: bool(false),
      repeat: bool(false),
      showRepeat: bool(true),
    },
    rule: bounded,
  },

  IntText: { traits: { ...numberText, value: int(0), step: int(1) } },
  FloatText: { traits: { ...numberText, value: float(0), step: optional(float(1)) } },
  BoundedIntText: {
    view: 'IntTextView',
    traits: { ...numberText, value: int(0), min: int(0), max: int(100), step: int(1) },
    rule: bounded,
  },
  BoundedFloatText: {
    view: 'FloatTextView',
    traits: { ...numberText, value: float(0), min: float(0), max: float(100), step: optional(float(1)) },
    rule: bounded,
  },

  Text: { traits: typed },
  Password: { traits: typed },
  Textarea: { traits: { ...typed, rows: optional(int(1)) } },
  Combobox: {
    traits: {
      ...control,
      ...describedBy,
      value: text(),
      placeholder: text('\u200b'),
      continuousUpdate: bool(true),
      /** What the user may pick, and finish by typing. */
      options: list(text()),
      /** Only the options may be typed. */
      ensureOption: bool(false),
    },
  },
  Label: { traits: { ...written, style: part<Styles['LabelStyle']>('LabelStyle') } },
  HTML: { traits: { ...written, style: part<Styles['HTMLStyle']>('HTMLStyle') } },
  HTMLMath: { traits: { ...written, style: part<Styles['HTMLMathStyle']>('HTMLMathStyle') } },

  Checkbox: {
    traits: {
      ...control,
      style: part<Styles['CheckboxStyle']>('CheckboxStyle'),
      value: bool(false),
      indent: bool(true),
    },
  },
  ToggleButton: {
    traits: {
      ...control,
      style: part<Styles['ToggleButtonStyle']>('ToggleButtonStyle'),
      value: bool(false),
      buttonStyle,
      /** Font Awesome's name of a picture, such as `check`. */
      icon: text(),
    },
  },
  Valid: { traits: { ...control, ...describedBy, value: bool(false), readout: text('Invalid') } },
  Button: {
    traits: {
      ...dom,
      /** What is written on it. */
      description: text(),
      disabled: bool(false),
      style: part<Styles['ButtonStyle']>('ButtonStyle'),
      buttonStyle,
      /** Font Awesome's name of a picture, such as `play`. */
      icon: text(),
    },
  },
  ColorPicker: {
    traits: { ...control, ...describedBy, value: text('black'), concise: bool(false) },
  },

  Dropdown: { traits: { ...selection, ...describedBy }, rule: chosen },
  Select: { traits: { ...selection, ...describedBy, rows: int(5) }, rule: chosen },
  RadioButtons: {
    traits: { ...selection, ...describedBy, orientation: choice('vertical', 'horizontal') },
    rule: chosen,
  },
  ToggleButtons: {
    traits: {
      ...selection,
      style: part<Styles['ToggleButtonsStyle']>('ToggleButtonsStyle'),
      buttonStyle,
      icons: list(text()),
      tooltips: list(text()),
    },
    rule: chosen,
  },
  SelectionSlider: {
    traits: {
      ...selection,
      ...describedBy,
      orientation: slider.orientation,
      readout: bool(true),
      continuousUpdate: bool(true),
      behavior: slider.behavior,
    },
    rule: chosen,
  },
  SelectMultiple: { traits: { ...selectionMany, ...describedBy, rows: int(5) }, rule: chosenMany },

  Box: { traits: box },
  HBox: { traits: box },
  VBox: { traits: box },
  GridBox: { traits: box },
  Tab: { traits: pages, rule: shown },
  Accordion: { traits: pages, rule: shown },
  Stack: { traits: pages, rule: shown },

  Image: {
    traits: {
      ...dom,
      /** The picture's file, as bytes. */
      value: bytes(),
      /** `png`, `jpeg`, …, or `url`, when the bytes are an address. */
      format: text('png'),
      /** CSS pixels, as a string. */
      width: text(),
      height: text(),
    },
  },
  Output: {
    module: '@jupyter-widgets/output',
    version: '1.0.0',
    traits: { ...dom, msgId: text(), outputs: json<readonly Record<string, unknown>[]>(() => []) },
  },

  Link: { view: null, traits: linked },
  DirectionalLink: { view: null, traits: linked },
} satisfies Record<string, Model & { traits: Traits }>;

export type ModelName = keyof typeof MODELS;
