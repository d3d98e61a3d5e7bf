// Values that live in TensorFlow's resource variables while they are trained, and the tensors that show them.

/** By the number of a resource: the number of the tensor that shows its present value. Where a tf.Variable holds another one, somebody assigned it. */
export const shown = new Map<number, number>();

/** Shapes of the values that resources hold, by the number of the resource. */
export const shapes = new Map<number, number[]>();
