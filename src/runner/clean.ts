// A notebook without what running it has left. Its text is edited in place, so that all else stays as it was written.
import { parseExpressionAt, type Expression, type ObjectExpression, type Property } from 'acorn';
import { parseNotebook } from './notebook.js';
import { isTagged } from './parameters.js';

/** Metadata that change with every run or look; nbstripout's, papermill's, and whether Jupyter trusts the notebook. */
const VOLATILE = {
  notebook: ['papermill', 'signature', 'widgets'],
  cell: [
    'ExecuteTime',
    'collapsed',
    'execution',
    'heading_collapsed',
    'hidden',
    'papermill',
    'scrolled',
    'trusted',
  ],
};

interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * Takes outputs, execution counts and volatile metadata away, except the outputs of cells that are tagged `keep_output` or
 * have it in their metadata, or of all where the notebook's metadata have it.
 * @param file named in errors
 * @throws RunError for what is no notebook of format 4; nothing at all is one, a new one.
 */
export function cleanNotebook(text: string, file: string): string {
  if (text.trim() === '') return text;
  const { cells, metadata } = parseNotebook(text, file);
  const edits: Edit[] = [];
  const set = (property: Property, value: string): void => {
    const { start, end } = property.value;
    if (text.slice(start, end) !== value) edits.push({ start, end, text: value });
  };
  // JSON is JavaScript, whose parser says where everything stands
  const root = parseExpressionAt(text.replace(/^\uFEFF/, ' '), 0, { ecmaVersion: 'latest' });
  for (const each of values(root, 'metadata')) edits.push(...removals(each, VOLATILE.notebook));
  for (const [i, cell] of values(root, 'cells').flatMap(elements).entries()) {
    for (const each of values(cell, 'metadata')) edits.push(...removals(each, VOLATILE.cell));
    for (const count of properties(cell, 'execution_count')) set(count, 'null');
    const keep = metadata.keep_output || cells[i].metadata.keep_output || isTagged(cells[i], 'keep_output');
    for (const outputs of properties(cell, 'outputs'))
      if (!keep) set(outputs, '[]');
      else
        for (const output of elements(outputs.value))
          for (const count of properties(output, 'execution_count')) set(count, 'null');
  }
  return edited(text, edits);
}

function edited(text: string, edits: Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** What takes the named members away, each with a comma. */
function removals(object: Expression, names: string[]): Edit[] {
  const all = properties(object);
  const gone = all.map((property) => names.includes(keyOf(property)));
  const kept = all.filter((_, i) => !gone[i]);
  if (kept.length === all.length) return [];
  if (!kept.length) return [{ start: object.start, end: object.end, text: '{}' }];
  return all.flatMap((property, i) => {
    if (!gone[i]) return [];
    // up to the first that stays, else from the end of the one before
    if (property.start < kept[0].start) return [{ start: property.start, end: all[i + 1].start, text: '' }];
    return [{ start: all[i - 1].end, end: property.end, text: '' }];
  });
}

function properties(node: Expression, name?: string): Property[] {
  if (node.type !== 'ObjectExpression') return [];
  const all = (node as ObjectExpression).properties as Property[];
  return name === undefined ? all : all.filter((property) => keyOf(property) === name);
}

const keyOf = ({ key }: Property): string => (key.type === 'Literal' ? String(key.value) : '');

const values = (node: Expression, name: string): Expression[] =>
  properties(node, name).map(({ value }) => value);

const elements = (node: Expression): Expression[] =>
  node.type === 'ArrayExpression' ? (node.elements as Expression[]) : [];
