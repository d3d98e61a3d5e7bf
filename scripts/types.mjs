// Writes the types of src into build/, with danfojs's, which is bundled, beside them.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';

process.chdir(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..'));
const outdir = process.env.CELLGRAD_BUILD ?? 'build';
const compiler = 'node_modules/typescript/bin/tsc';
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', outdir], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

const danfojs = 'node_modules/danfojs-node/dist';
const beside = join(outdir, 'src', 'data', 'danfojs');
for (const file of globSync('**/*.d.ts', { cwd: danfojs })) {
  mkdirSync(dirname(join(beside, file)), { recursive: true });
  copyFileSync(join(danfojs, file), join(beside, file));
}
// its files are CommonJS, whose imports need no extensions
writeFileSync(join(beside, 'package.json'), '{ "type": "commonjs" }\n');
for (const file of globSync(`${outdir}/src/data/*.d.ts`)) {
  const text = readFileSync(file, 'utf8');
  const own = text.replace(/(['"])danfojs-node\1/g, "'./danfojs/danfojs-node/src/index.js'");
  if (own !== text) writeFileSync(file, own);
}
