// Widgets that let the user choose among options, typed by what the options are.
import { classOf, type Made } from './classes.js';
import type { Given, Values } from './traits.js';
import { MODELS } from './models.js';
import type { Widget } from './widget.js';

/** Options with labels of their own. */
export type Labelled<T> =
  readonly (readonly [label: string, value: T])[] | Readonly<Record<string, T>> | ReadonlyMap<string, T>;
export type Options<T> = readonly T[] | Labelled<T>;

type One = 'Dropdown' | 'Select' | 'RadioButtons' | 'ToggleButtons' | 'SelectionSlider';
type Chosen = 'options' | 'value' | 'label' | 'optionsLabels';
type Typed<N extends One | 'SelectMultiple', Value, Label, T> = Omit<
  Values<(typeof MODELS)[N]['traits']>,
  Chosen
> & { options: Options<T>; value: Value; label: Label };
type TypedGiven<N extends One | 'SelectMultiple', Value, Label> = Omit<
  Given<(typeof MODELS)[N]['traits']>,
  Chosen
> & { value?: Value; label?: Label };

/** A widget with one of its options chosen, or none (null). */
export type Selection<N extends One, T> = Widget<
  Typed<N, T | null, string | null, T>,
  TypedGiven<N, T | null, string | null> & { options?: Options<T> }
> &
  Typed<N, T | null, string | null, T>;
interface SelectionClass<N extends One> {
  new <T>(
    traits: TypedGiven<N, NoInfer<T> | null, string | null> & { options: Labelled<T> },
  ): Selection<N, T>;
  new <const T>(
    traits: TypedGiven<N, NoInfer<T> | null, string | null> & { options: readonly T[] },
  ): Selection<N, T>;
  new (traits?: Record<string, never>): Selection<N, unknown>;
}

/** A widget with any number of its options chosen. */
export type SelectMultiple<T> = Widget<
  Typed<'SelectMultiple', readonly T[], readonly string[], T>,
  TypedGiven<'SelectMultiple', readonly T[], readonly string[]> & { options?: Options<T> }
> &
  Typed<'SelectMultiple', readonly T[], readonly string[], T>;
interface SelectMultipleClass {
  new <T>(
    traits: TypedGiven<'SelectMultiple', readonly NoInfer<T>[], readonly string[]> & { options: Labelled<T> },
  ): SelectMultiple<T>;
  new <const T>(
    traits: TypedGiven<'SelectMultiple', readonly NoInfer<T>[], readonly string[]> & {
      options: readonly T[];
    },
  ): SelectMultiple<T>;
  new (traits?: Record<string, never>): SelectMultiple<unknown>;
}

/**
 * The first option is chosen unless the traits name another; `value: null` for none. Where the options change, what
 * was chosen stays so if it is still among them.
 */
function selectionOf<N extends One>(name: N): SelectionClass<N> {
  const Plain = classOf(name) as unknown as new (traits: object) => Widget;
  return first(Plain, name) as unknown as SelectionClass<N>;
}

function first(Plain: new (traits: object) => Widget, name: string): new (traits?: object) => Widget {
  return {
    [name]: class extends Plain {
      constructor(traits: object = {}) {
        super({ options: [], ...traits });
      }
    },
  }[name];
}

/** A list that opens. */
export const Dropdown = selectionOf('Dropdown');
/** A list that is open. */
export const Select = selectionOf('Select');
export const RadioButtons = selectionOf('RadioButtons');
/** Buttons side by side, one of them pressed. */
export const ToggleButtons = selectionOf('ToggleButtons');
/** A slider from option to option. */
export const SelectionSlider = selectionOf('SelectionSlider');
/** A list of which the user may choose several, with Ctrl or Shift. */
export const SelectMultiple = classOf('SelectMultiple') as unknown as SelectMultipleClass;

export type Dropdown<T> = Selection<'Dropdown', T>;
export type Select<T> = Selection<'Select', T>;
export type RadioButtons<T> = Selection<'RadioButtons', T>;
export type ToggleButtons<T> = Selection<'ToggleButtons', T>;
export type SelectionSlider<T> = Selection<'SelectionSlider', T>;
export type { Made };
