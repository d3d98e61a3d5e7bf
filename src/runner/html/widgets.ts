// Widgets on a page, where nothing moves them: what they hold, and what their Output shows.
import type { Output } from '../notebook.js';
import type { SavedWidget } from '../widget-state.js';
import { xml } from '../../markup.js';

type Json = Record<string, unknown>;
type Widgets = Record<string, SavedWidget>;

/** Boxes in boxes; a box that holds itself ends here. */
const DEPTH = 20;

/** undefined for a widget that the notebook does not know. */
export function widgetHtml(
  id: string,
  widgets: Widgets,
  outputHtml: (output: Output) => string,
  depth = DEPTH,
): string | undefined {
  const widget = widgets[id];
  if (!widget || !depth) return undefined;
  const { state } = widget;
  if (Array.isArray(state.outputs))
    return (state.outputs as Output[])
      .map((output) => `<div class="output">${outputHtml(output)}</div>`)
      .join('\n');
  if (Array.isArray(state.children)) {
    const titles = (state.titles ?? []) as string[];
    const row = widget.model_name === 'HBoxModel' ? ' row' : '';
    const children = (state.children as string[]).map((reference, i) => {
      const html = widgetHtml(reference.replace(/^IPY_MODEL_/, ''), widgets, outputHtml, depth - 1) ?? '';
      return titles[i] ? `<div><strong>${xml(titles[i])}</strong>\n${html}</div>` : html;
    });
    return `<div class="widgets${row}">${children.join('\n')}</div>`;
  }
  const picture = widget.buffers?.find(({ path }) => path[0] === 'value');
  if (widget.model_name === 'ImageModel' && picture)
    return `<img src="data:image/${xml(String(state.format))};base64,${picture.data}" alt=""${sized(state)}>`;
  return `<div class="widget">${labelOf(state)}${valueHtml(widget.model_name, state)}</div>`;
}

const sized = (state: Json): string =>
  ['width', 'height']
    .filter((side) => /^\d+$/.test(String(state[side])))
    .map((side) => ` ${side}="${String(state[side])}"`)
    .join('');

const labelOf = ({ description, value, index }: Json): string =>
  typeof description === 'string' && description && (value !== undefined || index !== undefined)
    ? `<span>${xml(description)}:</span> `
    : '';

function valueHtml(model: string, state: Json): string {
  const { value, index, _options_labels: labels, description } = state;
  if (/^HTML/.test(model)) return String(value);
  if (Array.isArray(labels)) {
    const chosen = [index].flat().map((each) => (labels as string[])[each as number] ?? '–');
    return xml(chosen.join(', '));
  }
  if (model.endsWith('ProgressModel'))
    return `<progress value="${Number(value) - Number(state.min)}" max="${Number(state.max) - Number(state.min)}"></progress>`;
  if (model === 'PasswordModel') return '•••';
  if (typeof value === 'boolean') return value ? '☑' : '☐';
  if (value === undefined || value === null) return xml(String(description ?? ''));
  return xml(Array.isArray(value) ? value.join(' – ') : String(value));
}
