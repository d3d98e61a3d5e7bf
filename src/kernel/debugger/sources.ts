// The sources that can be debugged: the cells that have run or were announced, by the path that a front end
// derives from their code, and the user's files; and which script of V8's is which.
import { realpathSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { REQUIRED, type Position } from '../transform.js';
import { murmur2 } from './murmur2.js';
import { compile, type Compiled, type Kind } from './positions.js';
import { DebugError, type Target } from './target.js';

export const HASH_SEED = 0xc70f6907;
// JupyterLab shows a cell's number instead of its path where the path holds "ipykernel_"
export const PREFIX = join(tmpdir(), `cellgrad_ipykernel_${process.pid}`) + sep;
export const SUFFIX = '.ts';

const cellPath = (code: string): string => `${PREFIX}${murmur2(code, HASH_SEED)}${SUFFIX}`;

/** Our own modules: build/src. */
const OURS = new URL('../../', import.meta.url).href;

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const HIDDEN = '|/notebook\\.ts$'; // what the kernel imports through
/** The code that the debugger steps over: all that is neither a cell nor a file of the user's. */
export const FOREIGN = `^(?!In\\[\\d+\\]$|file://)|/node_modules/|^file://${literally(OURS.slice(7))}${HIDDEN}`;
/** The same where exceptions are concerned: one that a package or Node throws may be the user's affair. */
export const FOREIGN_TO_EXCEPTIONS = `^file://${literally(OURS.slice(7))}kernel/${HIDDEN}`;

const foreign = new RegExp(FOREIGN);
const isUsers = (url: string): boolean => url !== '' && !foreign.test(url);

/** Where a script of V8's comes from. */
export interface Origin {
  path: string;
  name: string;
  /** The script. */
  code: string;
  /** From the script (1-based) to the source; undefined beyond the source's end. */
  locate: (position: Position) => Position | undefined;
}

/** What V8 runs of a source, and where it finds it. */
export interface Form {
  compiled: Compiled;
  where: { url: string } | { urlRegex: string };
}

interface Script {
  url: string;
  isModule: boolean;
  code?: string;
  origin?: Promise<Origin | undefined>;
}

export class Sources {
  /** Each cell's code by its path. */
  private readonly codes = new Map<string, string>();
  private readonly scripts = new Map<string, Script>();
  private readonly compiled = new Map<string, Compiled>();

  constructor(
    private readonly target: Target,
    private readonly ran: ReadonlyMap<string, string>,
  ) {
    target.on('Debugger.scriptParsed', (script: { scriptId: string; url: string; isModule?: boolean }) =>
      this.scripts.set(script.scriptId, {
        url: script.url,
        isModule: script.isModule ?? false,
        code: this.ran.get(script.url),
      }),
    );
  }

  /** A cell's code is known from now on. */
  announce(code: string): string {
    const path = cellPath(code);
    this.codes.set(path, code);
    return path;
  }

  /** The names under which a cell's code has run. */
  namesOf(path: string): string[] {
    const code = this.codes.get(path);
    return [...this.ran].flatMap(([name, one]) => (one === code ? [name] : []));
  }

  isCell(path: string): boolean {
    return path.startsWith(PREFIX);
  }

  text(path: string): string {
    const cell = this.codes.get(path);
    if (cell !== undefined) return cell;
    const ran = this.isCell(path)
      ? [...this.ran.values()].find((code) => cellPath(code) === path)
      : undefined;
    if (ran !== undefined) {
      this.codes.set(path, ran);
      return ran;
    }
    if (this.isCell(path))
      throw new DebugError(`No cell with the path ${path} is known; send dumpCell first.`);
    try {
      return readFileSync(path, 'utf8');
    } catch {
      throw new DebugError(`There is no source ${path}.`);
    }
  }

  compile(path: string): Compiled {
    return this.compileText(this.text(path), this.isCell(path) ? 'cell' : kindsOf(path)[0], path);
  }

  /** A source as V8 may have it, and under which addresses: a TypeScript file is other code imported than required. */
  forms(path: string): Form[] {
    if (this.isCell(path)) {
      const compiled = this.compile(path);
      return this.namesOf(path).map((url) => ({ compiled, where: { url } }));
    }
    const url = literally(pathToFileURL(real(path)).href);
    const text = this.text(path);
    return kindsOf(path).map((kind) => ({
      compiled: this.compileText(text, kind, path),
      where: { urlRegex: `^${url}${kind === 'commonjs' ? literally(REQUIRED) : '(\\?v=[0-9a-f]+)?'}$` },
    }));
  }

  /** Undefined for the kernel's, Node's and packages' own code. */
  async originOf(scriptId: string): Promise<Origin | undefined> {
    const script = this.scripts.get(scriptId);
    return script && (script.origin ??= this.findOrigin(scriptId, script).catch(() => undefined));
  }

  urlOf(scriptId: string): string {
    return this.scripts.get(scriptId)?.url ?? '';
  }

  /** A script's own code. */
  async codeOf(scriptId: string): Promise<string> {
    const answer = this.target.post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId });
    return (await answer).scriptSource;
  }

  /** V8's numbers of the scripts that are the user's. */
  userScripts(): string[] {
    return [...this.scripts].flatMap(([id, { url }]) => (isUsers(url) ? [id] : []));
  }

  /** Forgets what was learned of V8's scripts. */
  detach(): void {
    this.scripts.clear();
    this.compiled.clear();
  }

  private async findOrigin(scriptId: string, { url, isModule, code }: Script): Promise<Origin | undefined> {
    if (/^In\[\d+\]$/.test(url)) return code === undefined ? undefined : this.cellOrigin(url, code);
    if (!isUsers(url)) return undefined;
    const path = fileURLToPath(url.split('?')[0]);
    const name = path.split(sep).at(-1)!;
    const [kind] = kindsOf(path);
    const scriptSource = (await this.codeOf(scriptId)).replace(/\n\/\/# sourceURL=.*$/, '');
    const same: Origin = { path, name, code: scriptSource, locate: (position) => position };
    if (kind === 'javascript') return same;
    const compiled = this.compileText(readFileSync(path, 'utf8'), isModule ? 'module' : 'commonjs', path);
    // of a file that was edited since, nobody knows which line is which
    return scriptSource.trimEnd() === compiled.code.trimEnd() ? { ...same, locate: compiled.locate } : same;
  }

  private cellOrigin(name: string, code: string): Origin {
    const path = this.announce(code);
    const { locate, code: script } = this.compileText(code, 'cell', path);
    const end = script.split('\n').length;
    return {
      path,
      name,
      code: script,
      locate: (position) => (position.line > end ? undefined : locate(position)),
    };
  }

  private compileText(text: string, kind: Kind, path: string): Compiled {
    const key = `${kind}\0${path}\0${text}`;
    let compiled = this.compiled.get(key);
    if (!compiled) this.compiled.set(key, (compiled = compile(text, kind, path)));
    return compiled;
  }
}

/** What a file can be run as. */
function kindsOf(path: string): Kind[] {
  if (/\.tsx?$/.test(path)) return ['module', 'commonjs'];
  return [path.endsWith('.mts') ? 'module' : path.endsWith('.cts') ? 'commonjs' : 'javascript'];
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
