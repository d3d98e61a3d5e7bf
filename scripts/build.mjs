// Builds src, test and bench into build/, file by file; types are checked by `npm run types`.
import { build } from 'esbuild';
import { globSync } from 'tinyglobby';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { licences } from './licences.mjs';

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
// whoever installs cellgrad needs none of the packages that are bundled
const bundle = (entryPoints, options) =>
  build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    outbase: '.',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: ['@tensorflow/tfjs', 'plotly.js-dist-min'],
    alias: {
      // one engine, not a second one inside the bundle
      '@tensorflow/tfjs-core': '@tensorflow/tfjs',
      '@tensorflow/tfjs-node': '@tensorflow/tfjs',
      util: './src/compute/node-util.cjs',
    },
    metafile: true,
    logLevel: 'error',
    ...options,
  });
const bundles = [
  await bundle(['src/compute/tfjs-node.cjs', 'src/compute/tfjs-webgpu.cjs']),
  await bundle(['src/data/danfojs.mjs'], { keepNames: true }), // a DataFrame says what it is
];
const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
writeFileSync(join(root, outdir, 'src', 'LICENCES.txt'), licences(root, inputs));

// Jupyter wants the kernel's logo as pictures of two sizes too
const logo = join(root, 'src/cli/logo.svg');
const drawn = (name) => join(root, outdir, 'src/cli', name);
copyFileSync(logo, drawn('logo-svg.svg'));
for (const size of [32, 64])
  await sharp(logo, { density: 288 })
    .resize(size)
    .png()
    .toFile(drawn(`logo-${size}x${size}.png`));
