// Gives the binding some hundreds of bad calls, and says how many ended in a ComputeError and which did not. An argument gives the seed.

import { ComputeError, binding } from '../../src/compute/index.js';
import { random } from '../../src/data/random.js';

const b = binding!;
const draw = random(Number(process.argv[2] ?? 1));
const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)];

const scalar = b.createTensor([], b.TF_FLOAT, new Float32Array(1));
const picture = b.createTensor([1, 4, 4, 2], b.TF_FLOAT, new Float32Array(32));
const matrix = b.createTensor([3, 2], b.TF_FLOAT, new Float32Array(6));
const whole = b.createTensor([2], b.TF_INT32, new Int32Array(2));
const text = b.createTensor([2], b.TF_STRING, ['a', 'b']);
const wide = b.createTensor([2], b.TF_INT64, new BigInt64Array(2));
const empty = b.createTensor([0, 3], b.TF_FLOAT, new Float32Array(0));
const gone = b.createTensor([1], b.TF_FLOAT, new Float32Array(1));
b.deleteTensor(gone);
const tensors = [scalar, picture, matrix, whole, text, wide, empty];

const ops = [
  ...[
    'AddV2',
    'MatMul',
    'Conv2D',
    'MaxPool',
    'MaxPoolGrad',
    'FusedBatchNormV3',
    'ConcatV2',
    'Reshape',
    'Slice',
  ],
  ...['GatherV2', 'OneHot', 'Transpose', 'Sum', 'Pad', 'Tile', 'Cast', 'StridedSlice', 'Softmax', 'TopKV2'],
  ...[
    'SparseSoftmaxCrossEntropyWithLogits',
    'ResourceApplyAdam',
    'ReadVariableOp',
    'AssignVariableOp',
    'Pack',
  ],
  ...['Unpack', 'SplitV', 'DecodeJpeg', 'StringSplit', 'RaggedGather', 'LowerBound', 'Einsum', 'Identity'],
  ...['Conv2DBackpropFilter', 'Conv2DBackpropInput', 'DepthwiseConv2dNative', 'ResizeBilinear', 'ScatterNd'],
  ...['NoSuchOp', '', 'Const', 'VarHandleOp', 'WriteScalarSummary', 'Bincount', 'CropAndResize', 'UniqueV2'],
];
const names = [
  'T',
  'N',
  'padding',
  'strides',
  'ksize',
  'data_format',
  'dtype',
  'shape',
  'equation',
  'nothing',
  'axis',
  '',
];
const values = [
  ...[null, undefined, {}, [], 0, -1, 1, 2 ** 31, 2 ** 53, 1.5, NaN, Infinity, '', 'SAME', 'ij,jk->ik', true],
  ...[
    [1, 1, 1, 1],
    [0, 0],
    [-1, -5],
    [1e12, 1e12],
    ['a'],
    [NaN],
    [[1]],
    new Float32Array(2),
    new Uint8Array(3),
    1n,
  ],
];
const kinds = [0, 1, 2, 3, 4, 5, 6, 7, -1, undefined, 'x'];
const shapes = [
  ...[[-1], [2, -3], [1.5], [NaN], ['2'], null, undefined, 5, 'x', {}, new Array(300).fill(1)],
  ...[[2 ** 40, 2 ** 40], [2 ** 53], [Infinity], [2], [0], [3, 3]],
];
const types = [0, 1, 2, 3, 4, 7, 8, 9, 10, 14, 20, 21, 101, -1, 1000, NaN, undefined, 'float', null];

type Call = [method: keyof typeof b, ...args: unknown[]];
const attr = (): object => ({
  name: pick([...names, null, undefined, 3]),
  type: pick(kinds),
  value: pick(values),
});
const many = <T>(most: number, make: () => T): T[] =>
  Array.from({ length: Math.floor(draw() * (most + 1)) }, make);
const calls: (() => Call)[] = [
  () => [
    'createTensor',
    pick(shapes),
    pick(types),
    pick([...values, new Float32Array(9), ['a', null], [{}, 1]]),
  ],
  () => [
    'executeOp',
    pick(ops),
    draw() < 0.5
      ? [{ name: 'T', type: 4, value: pick([1, 3, 7, 9, 10, 99]) }, ...many(2, attr)]
      : many(4, attr),
    many(5, () => pick(tensors)),
    pick([0, 1, 1, 1, 2, 3, 6, 40]),
  ],
  () => [
    'executeOp',
    pick([...ops, null, undefined, 3, {}]),
    pick([[], null, undefined, 5, [null]]),
    pick([[], null, undefined, 7, [gone], [null], ['x'], [scalar, 1e9], new Array(40).fill(scalar)]),
    pick([-1, 1.5, NaN, 1e9, undefined, null, 'x', 1]),
  ],
  () => ['deleteTensor', pick([gone, -1, NaN, null, undefined, {}, 'x', 1e9])],
  () => ['tensorDataSync', pick([gone, -1, NaN, null, undefined, {}, 'x', 1e9])],
  () => [
    'loadSavedModel',
    pick(['', '/nowhere', '.', 'a\0b', null, 5, {}]),
    pick(['', 'serve', 'a,b', null, 7]),
  ],
  () => [
    'runSavedModel',
    pick([0, -1, 99, null, 'x']),
    pick([[], [scalar], null]),
    pick(['', 'x:0', null]),
    pick(['', 'y', null]),
  ],
  () => ['deleteSavedModel', pick([0, -1, 99, null, 'x'])],
];

const verbose = process.argv[3] === 'verbose';
let errors = 0;
let results = 0;
const others: string[] = [];
for (let i = 0; i < 1200; i++) {
  const [method, ...args] = pick(calls)();
  if (verbose)
    console.error(
      i,
      method,
      JSON.stringify(args, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v)),
    );
  try {
    const made = (b[method] as (...a: unknown[]) => unknown).apply(b, args);
    results++;
    if (Array.isArray(made)) for (const { id } of made as { id: number }[]) b.deleteTensor(id);
    else if (method === 'createTensor') b.deleteTensor(made as number);
  } catch (error) {
    if (error instanceof ComputeError) errors++;
    else others.push(`${method}: ${String(error)}`);
  }
}
console.log(
  JSON.stringify({
    errors,
    results,
    left: b.getNumOfTensors() - tensors.length,
    others: [...new Set(others)],
  }),
);
