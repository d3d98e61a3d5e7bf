// Links: two traits kept the same, here in the kernel or in the front end alone.
import { classOf, type Made } from './classes.js';
import { WidgetError } from './errors.js';
import { keep } from './live.js';
import { snake } from './state.js';
import { Widget } from './widget.js';

/** A widget and the name of one of its traits. */
export type End<W extends Widget = Widget> = readonly [widget: W, trait: string];
export interface Linked {
  /** Ends it. */
  unlink(): void;
}

/**
 * Keeps two traits the same: a change of either changes the other. The target first takes the source's value.
 * `transform` makes the one's value from the other's, there and back.
 */
export function link(
  source: End,
  target: End,
  { transform }: { transform?: readonly [(value: never) => unknown, (value: never) => unknown] } = {},
): Linked {
  let busy = false;
  const follow = ([from, name]: End, [to, other]: End, change: (value: never) => unknown) => {
    const handler = (): void => {
      if (busy) return; // a transform there and back need not come out even
      busy = true;
      try {
        to.set({ [other]: change(from.get(name) as never) });
      } finally {
        busy = false;
      }
    };
    from.observe(name, handler);
    return { handler, stop: () => void from.unobserve(name, handler) };
  };
  const itself = (value: never): unknown => value;
  const there = follow(source, target, transform?.[0] ?? itself);
  const back = follow(target, source, transform?.[1] ?? itself);
  there.handler();
  return {
    unlink: () => {
      there.stop();
      back.stop();
    },
  };
}

/** Has the target follow the source, and not the other way round. */
export function dlink(
  [source, name]: End,
  [target, other]: End,
  { transform = (value) => value }: { transform?: (value: never) => unknown } = {},
): Linked {
  const handler = (): void => void target.set({ [other]: transform(source.get(name) as never) });
  source.observe(name, handler);
  handler();
  return { unlink: () => void source.unobserve(name, handler) };
}

const Link = classOf('Link');
const DirectionalLink = classOf('DirectionalLink');

/**
 * Keeps two traits the same in the front end, without the kernel: at once, and in a saved notebook as well. Use
 * `index` where a widget has options: their values are known here only.
 */
export function jslink(source: End, target: End): Linked & Made<'Link'> {
  return linked(new Link({ source: ends(source), target: ends(target) }));
}

/** As `jslink`, in one direction. */
export function jsdlink(source: End, target: End): Linked & Made<'DirectionalLink'> {
  return linked(new DirectionalLink({ source: ends(source), target: ends(target) }));
}

function linked<W extends Widget>(made: W): W & Linked {
  keep(made);
  return Object.assign(made, { unlink: () => made.close() });
}

function ends([widget, trait]: End): [Widget, string] {
  const wire = snake(trait);
  if (!(widget instanceof Widget)) throw new WidgetError('argument', 'A link takes [widget, trait] twice.');
  widget.get(trait);
  if (!(wire in widget.getState()))
    throw new WidgetError(
      'trait',
      `The front end knows no ${trait} of a ${widget.modelName}; link ${'index' in widget ? 'its index' : 'in the kernel, with link()'} instead.`,
    );
  return [widget, wire];
}
