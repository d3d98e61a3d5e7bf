// What is known of the name at the cursor: signature, documentation, and on request its source.
import type ts from 'typescript';
import type { Json } from '../wire.js';
import { CELL, type Cells } from './cells.js';
import { typescript } from './typescript.js';

export function inspect(cells: Cells, code: string, cursor: number, detail: number): Json {
  const source = cells.show(code);
  // the name that the cursor touches, or the one called by the parentheses around it
  for (const at of [cursor, cursor - 1, calledAt(source, code.slice(0, cursor).trimEnd().length)]) {
    if (at === undefined || at < 0 || at >= code.length) continue;
    const here = cells.service.getQuickInfoAtPosition(cells.current, at);
    if (!here) continue;
    const info = whereDeclared(cells, code, here);
    const signature = withoutAlias(typescript.displayPartsToString(info.displayParts));
    if (signature === 'any') continue; // of a name that nobody has declared
    const documentation = typescript.displayPartsToString(info.documentation);
    const tags = (info.tags ?? []).map(({ name, text }) =>
      `@${name} ${typescript.displayPartsToString(text)}`.trim(),
    );
    const prose = [documentation, ...(detail || tags.length < 8 ? tags : [])].filter(Boolean).join('\n');
    const text = detail ? sourceAt(cells, at) : undefined;
    const plain = [signature, prose, text && `Source:\n${text}`].filter(Boolean).join('\n\n');
    const block = (typed: string): string => `\`\`\`typescript\n${typed}\n\`\`\``;
    const markdown = [block(signature), prose, text && block(text)].filter(Boolean).join('\n\n');
    return {
      status: 'ok',
      found: true,
      data: { 'text/plain': plain, 'text/markdown': markdown },
      metadata: {},
    };
  }
  return { status: 'ok', found: false, data: {}, metadata: {} };
}

// a name of an earlier cell is an import for TypeScript, not for the user

/** What is said of an earlier cell's name where it is declared. */
function whereDeclared(cells: Cells, code: string, info: ts.QuickInfo): ts.QuickInfo {
  const { start, length } = info.textSpan;
  const declared = cells.visible.get(code.slice(start, start + length));
  if (!declared || info.kind !== typescript.ScriptElementKind.alias) return info;
  return cells.service.getQuickInfoAtPosition(declared.module, declared.at) ?? info;
}

const withoutAlias = (signature: string): string =>
  signature.replace(/^\(alias\) /, '').replace(/\nimport [^\n]*$/, '');

/** The offset of the name that is called by the innermost call around the cursor, which stands behind no space: a call that is not closed yet ends before it. */
function calledAt(source: ts.SourceFile, cursor: number): number | undefined {
  let found: number | undefined;
  const visit = (node: ts.Node): void => {
    if (node.pos > cursor || node.end < cursor) return;
    if (
      (typescript.isCallExpression(node) || typescript.isNewExpression(node)) &&
      node.expression.end < cursor
    ) {
      const closed = source.text[node.end - 1] === ')';
      if (!closed || cursor < node.end) found = node.expression.end - 1;
    }
    typescript.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The declaration's text, if it is in a cell or a file of the user's. */
function sourceAt(cells: Cells, at: number): string | undefined {
  for (const { fileName, contextSpan } of cells.service.getDefinitionAtPosition(cells.current, at) ?? []) {
    const own = fileName === cells.current || CELL.test(fileName) || !/\.d\.[cm]?ts$/.test(fileName);
    const text = cells.program.getSourceFile(fileName)?.text;
    if (!own || !contextSpan || text === undefined) continue;
    const { start, length } = contextSpan;
    return text.slice(start, start + length);
  }
  return undefined;
}
