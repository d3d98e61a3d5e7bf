# Makes test/compute/saved-model: y = relu(x w + b), its sum; words joined; a variable, a resource and 64-bit numbers.
import sys, tensorflow as tf
class M(tf.Module):
    def __init__(self):
        self.w = tf.Variable([[1., 2.], [3., -4.], [5., 6.]], name='w'); self.b = tf.Variable([0.5, -0.5], name='b')
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name='x')])
    def serve(self, x):
        y = tf.nn.relu(x @ self.w + self.b)
        return {'y': y, 'sum': tf.reduce_sum(y)}
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name='n'), tf.TensorSpec([], tf.string, name='word')])
    def mixed(self, n, word):
        return {'twice': n * 2, 'text': tf.strings.join([word, '!'])}
m = M()
tf.saved_model.save(m, sys.argv[1], signatures={'serving_default': m.serve, 'mixed': m.mixed})
