// What an op's definition asks of a call. TensorFlow itself checks most of it, but ends the process on some mistakes.

import koffi from 'koffi';
import type { OpAttr } from './binding.js';
import { ComputeError } from './errors.js';
import { fields, inputKinds, type GraphContext } from './graph.js';

export interface Definition {
  /** How many inputs it takes at most: infinitely many where one of them is a list. */
  inputs: number;
  /** Types as the definition names them, `int` or `list(int)`. */
  attributes: Map<string, string>;
  /** Attributes that a call must give. */
  required: string[];
}

// as TFJSBinding numbers the kinds of attributes
const kinds = ['string', 'int', 'float', 'bool', 'type', 'shape'];
const text = new TextDecoder();

/** The definition of an op; undefined for functions, which TensorFlow checks when they are called. */
export function definition({ api, status }: GraphContext, op: string): Definition | undefined {
  const graph = api.create();
  const buffer = api.newBuffer();
  try {
    api.definition(graph, op, buffer, status);
    const { data, length } = koffi.decode(buffer, 'TF_Buffer') as { data: unknown; length: number };
    return data ? parse(new Uint8Array(koffi.view(data, Number(length)).slice(0))) : undefined;
  } finally {
    api.deleteBuffer(buffer);
    api.dispose(graph);
  }
}

/** Reads an OpDef: field 2 input_arg (4 type_attr, 5 number_attr, 6 type_list_attr), field 4 attr (1 name, 2 type, 3 default_value). */
function parse(opDef: Uint8Array): Definition {
  const inputs = inputKinds(opDef);
  const attributes = new Map<string, string>();
  const inferred = new Set<string>();
  const required: string[] = [];
  for (const [field, value] of fields(opDef)) {
    if (field !== 2 && field !== 4) continue;
    const parts = new Map<number, Uint8Array | bigint>();
    for (const [part, content] of fields(value as Uint8Array)) parts.set(part, content);
    const word = (part: number): string => text.decode(parts.get(part) as Uint8Array | undefined);
    if (field === 2) for (const part of [4, 5, 6]) inferred.add(word(part));
    else {
      attributes.set(word(1), word(2));
      if (!parts.has(3)) required.push(word(1));
    }
  }
  return {
    inputs: inputs.some(({ list }) => list) ? Infinity : inputs.length,
    attributes,
    required: required.filter((name) => !inferred.has(name)),
  };
}

/** @throws ComputeError `op` where the call is not what the definition asks for */
export function checkCall(op: string, d: Definition, attrs: OpAttr[], inputs: number[]): void {
  if (inputs.length > d.inputs)
    throw new ComputeError('op', `${op}: ${inputs.length} inputs were given, it takes ${d.inputs}.`);
  let needed = 0;
  for (const { name, type, value } of attrs) {
    const wanted = d.attributes.get(name);
    if (wanted === undefined) continue; // TensorFlow says that there is no such attribute
    const list =
      typeof value === 'object' && value !== null && type !== 5 && !(type === 0 && ArrayBuffer.isView(value));
    const given = list ? `list(${kinds[type]})` : kinds[type];
    if (given !== wanted)
      throw new ComputeError(
        'op',
        `${op}: attribute ${name} must be of type ${wanted}, ${given ?? type} was given.`,
      );
    if (d.required.length && d.required.includes(name)) needed++;
  }
  if (needed < d.required.length) {
    const missing = d.required.filter((name) => !attrs.some((a) => a.name === name));
    if (missing.length) throw new ComputeError('op', `${op}: attribute ${missing.join(', ')} is missing.`);
  }
}
