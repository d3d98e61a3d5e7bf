// Everything that TypeScript accepts and that can run, in cells of a real kernel.

import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestKernel } from './client.js';

type Row = [what: string, cells: string[], result: string | undefined];

const rows: Row[] = [
  ['enum', ['enum A1 { X, Y = 5, Z }', 'A1.Z + A1[5]'], "'6Y'"],
  ['enum of strings and computed members', ['enum A2 { X = "x", L = "abc".length }\nA2.X + A2.L'], "'x3'"],
  ['const enum', ['const enum B1 { X = 3 }', 'B1.X'], '3'],
  ['exported enum', ['export enum B2 { X = 4 }', 'B2.X'], '4'],
  [
    'declare enum and declare const leave nothing',
    ['declare const nowhere: number; declare function f0(): void; 1'],
    '1',
  ],
  ['namespace', ['namespace N1 { export const a = 1; export function f() { return a + 1 } }', 'N1.f()'], '2'],
  [
    'nested and merged namespaces',
    ['namespace N2.Inner { export const a = 1 }\nnamespace N2.Inner { export const b = a + 1 }\nN2.Inner.b'],
    '2',
  ],
  [
    'namespace merged with a function',
    ['function N3() { return N3.k }\nnamespace N3 { export let k = 8 }\nN3()'],
    '8',
  ],
  [
    'a namespace of types only',
    ['namespace N4 { export interface T { a: 1 } }\nconst n4: N4.T = { a: 1 }; n4.a'],
    '1',
  ],
  ['module keyword’s type', ['declare module "nothing" { export const a: number }\n1'], '1'],
  [
    'class decorator',
    [
      'const seen: string[] = [];\nfunction tag(c: Function, context: ClassDecoratorContext) { seen.push(`${context.kind} ${c.name}`) }',
      '@tag class D1 {}\nseen.join()',
    ],
    "'class D1'",
  ],
  [
    'method, accessor and field decorators',
    [
      'function log(value: any, context: DecoratorContext) { seen.push(context.kind + " " + String(context.name)); return value }',
      'class D2 { @log m() {} @log get g() { return 1 } @(log as any) accessor a = 1; @((_: undefined, c: ClassFieldDecoratorContext) => (v: number) => v * 2) f = 21 }\nnew D2().f',
    ],
    '42',
  ],
  ['a decorated exported class', ['@tag export class D3 { static a = 5 }', 'D3.a'], '5'],
  [
    'using at top level',
    [
      'const order: string[] = [];\nconst held = (name: string) => ({ name, [Symbol.dispose]() { order.push(name) } });',
      'using u1 = held("a"); using u2 = held("b"); order.push("body");',
      'order.join()',
    ],
    "'body,b,a'",
  ],
  ['the result of a cell with using', ['using u3 = held("c");\nu3.name'], "'c'"],
  [
    'names declared beside using',
    [
      'using u4 = held("d");\nconst beside = 3; function besides() { return beside }\nclass Besides {}',
      'besides() + typeof Besides',
    ],
    "'3function'",
  ],
  [
    'using in a block, a loop and a function',
    [
      'order.length = 0;\n{ using b = held("block") }\nfor (using l of [held("loop")]) order.push("in");\n(() => { using f = held("function") })();\norder.join()',
    ],
    "'block,in,loop,function'",
  ],
  [
    'await using',
    [
      'const slow = { async [Symbol.asyncDispose]() { await null; order.push("slow") } };\n{ await using s = slow }\nawait using t = slow;',
      'order.slice(-2).join()',
    ],
    "'slow,slow'",
  ],
  [
    'parameter properties',
    [
      'class P1 { constructor(readonly a: number, private b = 2, protected c?: string) {} get sum() { return this.a + this.b } }\nnew P1(1).sum',
    ],
    '3',
  ],
  [
    'satisfies, as, non-null, as const',
    [
      'const s1 = { a: [1, 2] } satisfies Record<string, number[]>;\nconst s2 = (s1.a as unknown as number[])!.length; const s3 = ["x"] as const; s2 + s3[0]',
    ],
    "'2x'",
  ],
  ['type assertions with angle brackets', ['const t1 = <number><unknown>5; t1 + 1'], '6'],
  [
    'generic arrows, defaults and constraints',
    ['const g1 = <T extends { n: number } = { n: 1 }>(x: T): T => x; g1({ n: 4 }).n'],
    '4',
  ],
  [
    'abstract classes, implements, index signatures',
    [
      'interface Shape { area(): number }\nabstract class Base implements Shape { abstract area(): number; [key: string]: unknown; twice() { return 2 * this.area() } }\nclass Square extends Base { override area() { return 9 } }\nnew Square().twice()',
    ],
    '18',
  ],
  [
    'overloads',
    [
      'function o1(a: string): string;\nfunction o1(a: number): number;\nfunction o1(a: any) { return a }\no1(3)',
    ],
    '3',
  ],
  [
    'private names, static blocks, accessors',
    [
      'class C1 { #x = 1; static y: number; static { C1.y = 6 } accessor z = 2; has(o: object) { return #x in o } }\n[C1.y, new C1().z, new C1().has(new C1())].join()',
    ],
    "'6,2,true'",
  ],
  [
    'declare fields and definite assignment',
    ['class C2 { declare a: string; b!: number; c?: number = 3 }\nObject.keys(new C2()).join()'],
    "'b,c'",
  ],
  [
    'type predicates, assertions, this types',
    [
      'function isText(x: unknown): x is string { return typeof x === "string" }\nfunction must(this: void, x: unknown): asserts x { if (!x) throw new Error() }\nmust(1); isText("a")',
    ],
    'true',
  ],
  [
    'conditional, mapped and template types',
    [
      'type Ev<T extends string> = `on${Capitalize<T>}`; type M = { [K in "a" | "b" as Ev<K>]?: K extends "a" ? 1 : 2 };\nconst m1: M = { onA: 1 }; m1.onA',
    ],
    '1',
  ],
  ['import x = require()', ['import p1 = require("node:path");', 'p1.basename("/a/b")'], "'b'"],
  [
    'import x = require() in a text stays',
    ['`\nimport a = require("b")`.trim()'],
    '\'import a = require("b")\'',
  ],
  [
    'import alias of a namespace',
    ['namespace N5 { export namespace Deep { export const v = 7 } }\nimport Deep5 = N5.Deep;', 'Deep5.v'],
    '7',
  ],
  [
    'import type',
    [
      'import type { Stats } from "node:fs"; import { type Dirent, existsSync as there } from "node:fs";\nconst st: Stats | Dirent | undefined = undefined; there("/")',
    ],
    'true',
  ],
  [
    'import defaults, names, all',
    [
      'import fsDefault, { readFileSync as r1 } from "node:fs";\nimport * as fsAll from "node:fs";\nimport "node:os";\n[typeof fsDefault, typeof r1, typeof fsAll.statSync].join()',
    ],
    "'object,function,function'",
  ],
  [
    'an import below its use',
    ['const sepHere = () => sep9;\nimport { sep as sep9 } from "node:path";\nsepHere()'],
    "'/'",
  ],
  ['names with quotes', ['import { "join" as joined } from "node:path"; joined("a", "b")'], "'a/b'"],
  [
    'JSON with and without attributes',
    [
      'import data from "./data.json" with { type: "json" };\nimport plain from "./data.json";\n[data.rows.length, plain.rows[0]].join()',
    ],
    "'2,1'",
  ],
  [
    'dynamic import',
    [
      'const { basename: base2 } = await import("node:path"); const name2 = "./mine"; const mine2 = await import(name2 + ".ts"); [base2("/q"), mine2.twice(4)].join()',
    ],
    "'q,8'",
  ],
  ['dynamic JSON', ['(await import("./data.json", { with: { type: "json" } })).default.rows[1]'], '2'],
  [
    'require of a package, a module of Node, the user’s file, JSON',
    [
      'const mine3 = require("./mine"); const json3 = require("./data.json"); [mine3.twice(1), json3.rows[1], typeof require("fs").statSync, require.resolve("node:os")].join()',
    ],
    "'2,2,function,node:os'",
  ],
  [
    'the user’s tsx',
    ['import { view } from "./view.tsx"; JSON.stringify(view("a"))'],
    '\'{"type":"b","props":null,"children":["a"]}\'',
  ],
  [
    'export forms',
    [
      'export const e1 = 1; export function e2() { return 2 } export class E3 {} export { e1 as e4 }; export type E5 = number; export default function e6() { return 6 }',
      '[e1, e2(), typeof E3, e6()].join()',
    ],
    "'1,2,function,6'",
  ],
  ['export default of a value', ['export default 5 + 1'], '6'],
  ['export = value', ['const e7 = 3;\nexport = e7;', 'e7'], '3'],
  [
    're-exports',
    ['export * from "node:os"; export { sep } from "node:path"; export * as everything from "node:fs"; 1'],
    '1',
  ],
  [
    'await in a destructuring',
    [
      'const { a: a9 = await Promise.resolve(1), ...rest9 } = await Promise.resolve({ b: 2 } as { a?: number; b: number });\nconst [x9, [y9]] = [await 3, [await 4]]; [a9, rest9.b, x9, y9].join()',
    ],
    "'1,2,3,4'",
  ],
  [
    'await anywhere',
    [
      'if (await Promise.resolve(true)) { var deep9 = `${await 5}` } else { await 0 }\nfor (const q of await Promise.resolve([1])) await q;\ntry { await Promise.reject(1) } catch (e) { deep9 += e } finally { await 1 }\nswitch (await 1) { case await 1: deep9 += "s" }\nlabel: while (await true) { break label }\ndeep9',
    ],
    "'51s'",
  ],
  [
    'for await with destructuring',
    [
      'const got: number[] = [];\nfor await (const { v } of (async function* () { yield { v: 1 }; yield { v: 2 } })()) got.push(v);\ngot.join()',
    ],
    "'1,2'",
  ],
  ['class fields with await', ['class W1 { static a = 1; [await "k"]() { return 2 } }\nnew W1().k()'], '2'],
  [
    'generators, labels, tagged templates, bigint, regular expressions',
    ['const raw9 = String.raw`\\n${1}`; const v9 = /(?<y>\\d+)/v.exec("12")!.groups!.y; raw9 + v9 + 1_000n'],
    "'\\\\n1121000'",
  ],
  [
    'optional chaining, nullish and logical assignment, exponent',
    [
      'let l9: { a?: { b: number } } | null = null; const w9 = l9?.a?.b ?? 2 ** 3; let z9: number | undefined; z9 ??= w9; z9',
    ],
    '8',
  ],
  ['a hash-bang, "use strict", a BOM', ['#!/usr/bin/env node\n"use strict";\n1', '\ufeff2'], '2'],
  ['an object that begins a cell, in parentheses', ['({ a: 1 }).a'], '1'],
  ['functions before they are declared', ['early1();\nfunction early1() { return 1 }\nearly1()'], '1'],
  [
    'async and generator functions',
    [
      'async function af(): Promise<number> { return 1 } function* gf() { yield 1 }\n(await af()) + [...gf()][0]',
    ],
    '2',
  ],
  [
    'import.meta',
    [
      '[import.meta.filename.endsWith("notebook.ts"), import.meta.url.startsWith("file:"), import.meta.resolve("./mine").endsWith("mine.ts"), import.meta.resolve("node:fs"), typeof import.meta.dirname].join()',
    ],
    "'true,true,true,node:fs,string'",
  ],
  [
    'arguments of a catch without a binding, numeric separators',
    ['try { throw 1 } catch { 1_0 }\n1_000'],
    '1000',
  ],
  ['a generated cell’s last value', ['enum Last { A = 2 }\nLast.A * 3'], '6'],
  [
    'JSX by React’s functions or those of a pragma',
    [
      'const React = { createElement: (type: unknown, props: object | null, ...children: unknown[]) => ({ type, props, children }) };',
      'const view1 = <p title="t">{1 + 1}</p>;\nJSON.stringify(view1)',
    ],
    `'{"type":"p","props":{"title":"t"},"children":[2]}'`,
  ],
  [
    'JSX with a pragma, and types around',
    [
      '/** @jsx h */\nconst h = (type: string) => type;\nconst typed = <T,>(x: T): T => x;\ntyped<string>(<b/> as unknown as string)',
    ],
    "'b'",
  ],
  ['declarations only in a generated cell', ['enum Quiet { A }'], undefined],
  [
    'types that look like code',
    [
      'type Fn = new (...args: never[]) => object; let abs: abstract new () => object; let u: unique symbol | undefined; 1',
    ],
    '1',
  ],
  [
    'instantiation expressions, variance, const type parameters',
    [
      'const make = <const T,>(x: T) => x; const made = make<["a"]>; interface V<in out T> { a: T } made(["a"])[0]',
    ],
    "'a'",
  ],
];

const kinds: [kind: string, code: string][] = [
  ['const', 'const anew = 1;'],
  ['let', 'let anew = 1;'],
  ['var', 'var anew = 1;'],
  ['class', 'class anew {}'],
  ['function', 'function anew() {}'],
  ['enum', 'enum anew { A }'],
  ['const enum', 'const enum anew { A }'],
  ['type', 'type anew = 1;'],
  ['interface', 'interface anew { a: 1 }'],
  ['namespace', 'namespace anew { export const a = 1 }'],
  ['import', 'import { sep as anew } from "node:path";'],
  ['import all', 'import * as anew from "node:path";'],
  ['import =', 'import anew = require("node:path");'],
];

describe('syntax', function () {
  this.timeout(120_000);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cellgrad-syntax-')));
  let kernel: TestKernel;
  before(async () => {
    writeFileSync(
      join(folder, 'mine.ts'),
      'export enum Mode { A }\nexport const twice = (n: number): number => n * 2;\n',
    );
    writeFileSync(join(folder, 'data.json'), '{ "rows": [1, 2] }\n');
    writeFileSync(
      join(folder, 'view.tsx'),
      '/** @jsx h */\nconst h = (type: string, props: object | null, ...children: unknown[]) => ({ type, props, children });\nexport const view = (text: string) => <b>{text}</b>;\n',
    );
    kernel = await TestKernel.start({ cwd: folder });
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });

  for (const [what, cells, result] of rows)
    it(what, async () => {
      let last: string | undefined;
      for (const cell of cells) {
        const execution = await kernel.run(cell);
        assert.equal(execution.error?.traceback, undefined, cell);
        last = execution.result;
      }
      assert.equal(last, result);
    });

  for (const [kind, code] of kinds)
    it(`${kind} may follow any other declaration of its name`, async () => {
      for (const [, earlier] of kinds)
        for (const cell of [earlier, code])
          assert.equal((await kernel.run(cell)).error?.traceback, undefined, `${earlier} then ${code}`);
    });

  it('an enum declared anew forgets its members', async () => {
    await kernel.run('enum Anew2 { A, B }\nnamespace Space2 { export const a = 1 }');
    await kernel.run('enum Anew2 { C }\nnamespace Space2 { export const b = 1 }');
    assert.equal(
      (await kernel.run('JSON.stringify([Anew2, Space2])')).result,
      '\'[{"0":"C","C":0},{"b":1}]\'',
    );
  });

  it('errors in generated code have the cell’s lines', async () => {
    for (const code of [
      'enum Q1 { A }\n\nthrow new Error("x")',
      'using q = { [Symbol.dispose]() {} };\n\nthrow new Error("x")',
      'const enum Q2 { A }\nimport a = require("node:fs");\nthrow new Error("x")',
    ])
      assert.match(
        (await kernel.run(code)).error!.traceback,
        /^Error: x\n {4}at (async )?In\[\d+\]:3:\d+\n/,
        code,
      );
  });
});
