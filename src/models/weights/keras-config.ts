// Names of layers from the config.json of a .keras file: Keras 2 wrote none beside the weights.

interface Layer {
  class_name?: unknown;
  config?: { name?: unknown; layers?: unknown };
}

/** A class as Keras names its groups: `DepthwiseConv2D` is `depthwise_conv2d`. */
const snake = (kind: string): string =>
  kind
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** The layers' names by the paths of their groups: `/layers/conv2d_1` is the second convolution. */
export function namesByGroup(config: unknown, path = ''): Map<string, string> {
  const out = new Map<string, string>();
  const layers = (config as Layer | null)?.config?.layers;
  if (!Array.isArray(layers)) return out;
  const times = new Map<string, number>();
  for (const layer of layers as Array<Layer | null>) {
    if (typeof layer?.class_name !== 'string') continue;
    const kind = snake(layer.class_name);
    const count = times.get(kind) ?? 0;
    times.set(kind, count + 1);
    const group = `${path}/layers/${count ? `${kind}_${count}` : kind}`;
    if (typeof layer.config?.name === 'string') out.set(group, layer.config.name);
    for (const [inner, name] of namesByGroup(layer, group)) out.set(inner, name);
  }
  return out;
}
