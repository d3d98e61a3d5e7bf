// Whether a place in a script has a `catch` around it, in the function that it is in.
import { parse, type Node } from 'acorn';
import type { Position } from '../transform.js';

type Tree = Node & Record<string, unknown>;

const parsed = new Map<string, Tree | undefined>();

export function catches(code: string, position: Position): boolean {
  const starts = code.split('\n').slice(0, position.line - 1);
  const offset = starts.reduce((sum, { length }) => sum + length + 1, 0) + position.column - 1;
  let caught = false;
  for (let node = tree(code); node; node = childAt(node, offset)) {
    if (/Function/.test(node.type)) caught = false;
    if (node.type !== 'TryStatement' || !node.handler) continue;
    const { start, end } = node.block as Tree;
    if (offset >= start && offset < end) caught = true;
  }
  return caught;
}

function tree(code: string): Tree | undefined {
  if (!parsed.has(code)) {
    if (parsed.size > 50) parsed.clear();
    parsed.set(code, parseAny(code));
  }
  return parsed.get(code);
}

function parseAny(code: string): Tree | undefined {
  for (const sourceType of ['script', 'module'] as const)
    try {
      return parse(code, {
        ecmaVersion: 'latest',
        sourceType,
        allowAwaitOutsideFunction: true,
        allowReturnOutsideFunction: true,
        allowHashBang: true,
      }) as unknown as Tree;
    } catch {
      // the other kind, or a syntax that only V8 knows
    }
  return undefined;
}

function childAt(node: Tree, offset: number): Tree | undefined {
  for (const value of Object.values(node))
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const child = item as Tree | null;
      if (typeof child?.type === 'string' && offset >= child.start && offset < child.end) return child;
    }
  return undefined;
}
