// Builds src, test and bench into build/, file by file; types are checked by `npm run types`.
import { build } from 'esbuild';
import { globSync } from 'tinyglobby';
import { rmSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const outdir = process.env.CELLGRAD_BUILD ?? 'build'; // another folder lets two builds work side by side
rmSync(new URL(`../${outdir}`, import.meta.url), { recursive: true, force: true });
const files = globSync(['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], { cwd: root });
await build({
  absWorkingDir: root,
  entryPoints: files,
  outdir,
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
});
await build({
  absWorkingDir: root,
  entryPoints: ['src/compute/tfjs-node.cjs', 'src/compute/tfjs-webgpu.cjs'],
  outdir,
  outbase: '.',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: ['@tensorflow/tfjs'],
  alias: {
    '@tensorflow/tfjs-core': '@tensorflow/tfjs', // one engine, not a second one inside the bundle
    util: './src/compute/node-util.cjs',
  },
  logLevel: 'error',
});
