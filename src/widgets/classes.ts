// One class for each row of the table of models.
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { WidgetError } from './errors.js';
import { MODELS, type ModelName } from './models.js';
import type { Given, Values } from './traits.js';
import { register, Widget, type Model } from './widget.js';

type Rows = typeof MODELS;
type Of<N extends ModelName> = Values<Rows[N]['traits']>;
type GivenOf<N extends ModelName> = Given<Rows[N]['traits']>;
/** A widget of the table. */
export type Made<N extends ModelName> = Widget<Of<N>, GivenOf<N>> & Of<N>;
export type Class<N extends ModelName> = new (traits?: GivenOf<N>) => Made<N>;

/** The class of a row: its traits are properties. */
export function classOf<N extends ModelName>(name: N): Class<N> {
  const model: Model = MODELS[name];
  const { [name]: Made } = {
    [name]: class extends Widget {
      constructor(traits: object = {}) {
        super(name, model, traits);
      }
    },
  };
  for (const key of Object.keys(model.traits))
    Object.defineProperty(Made.prototype, key, {
      get(this: Widget) {
        return this.get(key) as unknown;
      },
      set(this: Widget, value: unknown) {
        this.set({ [key]: value });
      },
      enumerable: true,
      configurable: true,
    });
  register(name, Made);
  return Made as unknown as Class<N>;
}

export const Layout = classOf('Layout');
export const DescriptionStyle = classOf('DescriptionStyle');
export const SliderStyle = classOf('SliderStyle');
export const ProgressStyle = classOf('ProgressStyle');
export const ButtonStyle = classOf('ButtonStyle');
export const ToggleButtonStyle = classOf('ToggleButtonStyle');
export const ToggleButtonsStyle = classOf('ToggleButtonsStyle');
export const CheckboxStyle = classOf('CheckboxStyle');
export const TextStyle = classOf('TextStyle');
export const HTMLStyle = classOf('HTMLStyle');
export const HTMLMathStyle = classOf('HTMLMathStyle');
export const LabelStyle = classOf('LabelStyle');

/** A whole number between `min` and `max`. */
export const IntSlider = classOf('IntSlider');
/** A number between `min` and `max`. */
export const FloatSlider = classOf('FloatSlider');
/** A number between powers of `base`: `min`, `max` and `step` are exponents, `value` is not. */
export const FloatLogSlider = classOf('FloatLogSlider');
/** Two whole numbers, `[low, high]`. */
export const IntRangeSlider = classOf('IntRangeSlider');
/** Two numbers, `[low, high]`. */
export const FloatRangeSlider = classOf('FloatRangeSlider');
export const IntProgress = classOf('IntProgress');
export const FloatProgress = classOf('FloatProgress');
/** Counts by itself from `min` to `max`: link its value to a slider's for an animation. */
export const Play = classOf('Play');
export const IntText = classOf('IntText');
export const FloatText = classOf('FloatText');
export const BoundedIntText = classOf('BoundedIntText');
export const BoundedFloatText = classOf('BoundedFloatText');
export const Password = classOf('Password');
export const Textarea = classOf('Textarea');
/** Text with suggestions. */
export const Combobox = classOf('Combobox');
export const Label = classOf('Label');
export const HTML = classOf('HTML');
/** HTML with formulas between dollar signs. */
export const HTMLMath = classOf('HTMLMath');
export const Checkbox = classOf('Checkbox');
export const ToggleButton = classOf('ToggleButton');
/** A tick or a cross. */
export const Valid = classOf('Valid');
export const ColorPicker = classOf('ColorPicker');
export const Stack = classOf('Stack');
export const Tab = classOf('Tab');
export const Accordion = classOf('Accordion');

type Children<N extends ModelName> = new (
  children?: readonly Widget[] | GivenOf<N>,
  traits?: GivenOf<N>,
) => Made<N>;

/** Boxes take their children alone, too: `new HBox([a, b])`. */
function boxOf<N extends 'Box' | 'HBox' | 'VBox' | 'GridBox'>(name: N): Children<N> {
  const Plain = classOf(name) as unknown as new (traits: object) => Widget;
  const { [name]: Made } = {
    [name]: class extends Plain {
      constructor(children: readonly Widget[] | object = [], traits: object = {}) {
        super(Array.isArray(children) ? { ...traits, children } : children);
      }
    },
  };
  return Made as unknown as Children<N>;
}
export const Box = boxOf('Box');
/** Its children stand side by side. */
export const HBox = boxOf('HBox');
/** Its children stand one below the other. */
export const VBox = boxOf('VBox');
/** Its children stand in a grid, which its layout describes. */
export const GridBox = boxOf('GridBox');

/** Something to click on. */
export class Button extends classOf('Button') {
  /** Calls `handler` at every click; returns what ends that. An async handler holds up no other widget. */
  onClick(handler: (button: this) => unknown): () => void {
    return this.onMessage(({ event }) => (event === 'click' ? handler(this) : undefined));
  }

  /** As if the user had clicked on it. */
  click(): void {
    this.receive({ method: 'custom', content: { event: 'click' }, buffers: [] });
  }
}

/** A line of text. */
export class Text extends classOf('Text') {
  /** Calls `handler` when the user presses Enter in it; returns what ends that. */
  onSubmit(handler: (text: this) => unknown): () => void {
    return this.onMessage(({ event }) => (event === 'submit' ? handler(this) : undefined));
  }
}

/** A picture. */
export class Image extends classOf('Image') {
  /** The picture in a file, in the format that the file's name says. */
  static fromFile(file: string, traits: GivenOf<'Image'> = {}): Image {
    let value: Uint8Array;
    try {
      value = readFileSync(file);
    } catch (cause) {
      throw new WidgetError('argument', `The picture ${file} can't be read.`, { cause });
    }
    const format = extname(file).slice(1).toLowerCase().replace('jpg', 'jpeg').replace(/^svg$/, 'svg+xml');
    return new Image({ ...(format ? { format } : {}), ...traits, value });
  }
}

for (const [name, Class] of Object.entries({ Button, Text, Image, Box, HBox, VBox, GridBox }))
  register(name, Class as unknown as new (traits: object) => Widget);

// the types of the same names
export type Layout = Made<'Layout'>;
export type IntSlider = Made<'IntSlider'>;
export type FloatSlider = Made<'FloatSlider'>;
export type FloatLogSlider = Made<'FloatLogSlider'>;
export type IntRangeSlider = Made<'IntRangeSlider'>;
export type FloatRangeSlider = Made<'FloatRangeSlider'>;
export type IntProgress = Made<'IntProgress'>;
export type FloatProgress = Made<'FloatProgress'>;
export type Play = Made<'Play'>;
export type IntText = Made<'IntText'>;
export type FloatText = Made<'FloatText'>;
export type BoundedIntText = Made<'BoundedIntText'>;
export type BoundedFloatText = Made<'BoundedFloatText'>;
export type Password = Made<'Password'>;
export type Textarea = Made<'Textarea'>;
export type Combobox = Made<'Combobox'>;
export type Label = Made<'Label'>;
export type HTML = Made<'HTML'>;
export type HTMLMath = Made<'HTMLMath'>;
export type Checkbox = Made<'Checkbox'>;
export type ToggleButton = Made<'ToggleButton'>;
export type Valid = Made<'Valid'>;
export type ColorPicker = Made<'ColorPicker'>;
export type Stack = Made<'Stack'>;
export type Tab = Made<'Tab'>;
export type Accordion = Made<'Accordion'>;
export type Box = Made<'Box'>;
export type HBox = Made<'HBox'>;
export type VBox = Made<'VBox'>;
export type GridBox = Made<'GridBox'>;
