// Sparse and ragged tensors.

import { attr, plainly, register, run, runMany, runWide, type Tensor } from './kernel.js';
import { tf } from '../tfjs.js';

/** Sums or means of rows by segment. */
function segments(op: string, { data, indices, segmentIds }: Record<string, Tensor>): Tensor {
  const whole = data.dtype === 'int32' && op === 'SparseSegmentMean'; // TensorFlow has it for fractions only
  const rows = whole ? tf.cast(data, 'float32') : data;
  const types = [attr.type('T', rows.dtype), attr.type('Tidx', 'int32'), attr.type('Tsegmentids', 'int32')];
  const result = plainly(() => run(op, types, [rows, indices, segmentIds]));
  return whole ? tf.cast(result, 'int32') : result;
}

export function registerSparse(): void {
  register({
    SparseSegmentSum: (inputs) => segments('SparseSegmentSum', inputs),
    SparseSegmentMean: (inputs) => segments('SparseSegmentMean', inputs),

    SparseFillEmptyRows: ({ indices, values, denseShape, defaultValue }) => {
      // numbers of type int32 stay what they are, the places are int64
      const value = values.dtype === 'int32' ? tf.cast(values, 'float32') : values;
      const otherwise = values.dtype === 'int32' ? tf.cast(defaultValue, 'float32') : defaultValue;
      const result = plainly(() =>
        runWide(
          'SparseFillEmptyRows',
          [attr.type('T', value.dtype)],
          [indices, value, denseShape, otherwise],
          4,
        ),
      );
      return [result[0], tf.cast(result[1], values.dtype), result[2], result[3]];
    },

    SparseReshape: ({ inputIndices, inputShape, newShape }) =>
      plainly(() => runWide('SparseReshape', [], [inputIndices, inputShape, newShape], 2)),

    RaggedGather: ({ paramsNestedSplits, paramsDenseValues, indices }, { outputRaggedRank }) => {
      const splits = paramsNestedSplits as unknown as Tensor[];
      const rank = outputRaggedRank as number;
      return plainly(() =>
        runMany(
          'RaggedGather',
          [
            attr.int('PARAMS_RAGGED_RANK', splits.length),
            attr.int('OUTPUT_RAGGED_RANK', rank),
            attr.type('Tvalues', paramsDenseValues.dtype),
            attr.type('Tindices', 'int32'),
            attr.type('Tsplits', 'int32'),
          ],
          [...splits, paramsDenseValues, indices],
          rank + 1,
        ),
      );
    },

    RaggedRange: ({ starts, limits, deltas }) =>
      plainly(() =>
        runMany(
          'RaggedRange',
          [attr.type('T', starts.dtype), attr.type('Tsplits', 'int32')],
          [starts, limits, deltas],
          2,
        ),
      ),

    RaggedTensorToTensor: ({ shape, values, defaultValue, rowPartitionTensors }, { rowPartitionTypes }) => {
      const parts = rowPartitionTensors as unknown as Tensor[];
      return run(
        'RaggedTensorToTensor',
        [
          attr.type('T', values.dtype),
          attr.type('Tindex', 'int32'),
          attr.type('Tshape', 'int32'),
          attr.int('num_row_partition_tensors', parts.length),
          attr.texts('row_partition_types', rowPartitionTypes as string[]),
        ],
        [shape, values, defaultValue, ...parts],
      );
    },
  });
}
