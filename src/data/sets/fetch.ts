// One set's downloads: what they need, some at once, unpacked into place, each noted in the receipt.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mirrors, sizeAt } from '../../net/addresses.js';
import { download, DownloadError, sha256File } from '../../net/download.js';
import { offline } from '../../net/request.js';
import { DataError, someOf } from '../errors.js';
import { refusePage } from './page.js';
import { bytesText } from './bytes.js';
import { nameOf, type Download, type ManifestDescription } from './description.js';
import type { GetOptions, GetProgress, GetResult } from './get.js';
import { isWhole, readReceipt, writeReceipt, type Receipt } from './receipt.js';
import { unpack, type Unpacked } from './unpack.js';

export class Fetch {
  private readonly receipt: Receipt;
  private readonly sizes = new Map<string, number>();
  private readonly got = new Map<string, number>();
  private readonly skipped: string[] = [];
  private done = 0;

  constructor(
    private readonly description: ManifestDescription,
    private readonly files: readonly Download[],
    private readonly root: string,
    private readonly options: GetOptions,
  ) {
    this.receipt = readReceipt(root) ?? { name: description.name, downloads: {} };
  }

  async run(): Promise<GetResult> {
    const { description, root, options } = this;
    const todo = this.files.filter(({ url }) => {
      const before = this.receipt.downloads[url];
      return !before || !isWhole(root, before.files);
    });
    this.done = this.files.length - todo.length;
    if (todo.length > 0) {
      if (offline())
        throw new DataError(
          'offline',
          `CELLGRAD_OFFLINE is set, and ${todo.length} of ${this.files.length} files of ${description.title} are not in ${root}. Unset it, or copy the folder from a machine that has it.`,
        );
      await this.announce(todo);
      await this.fetchAll(todo);
      await rm(join(root, '.downloads'), { recursive: !options.keepArchives, force: true }).catch(() => {});
    }
    for (const step of description.download?.steps ?? []) options.onNotice?.(step);
    const files = Object.values(this.receipt.downloads).reduce((sum, each) => sum + each.files.length, 0);
    return { name: description.name, root, files, skipped: this.skipped };
  }

  /** Says what will be needed, and stops where the disk has less. */
  private async announce(todo: readonly Download[]): Promise<void> {
    const { description, root, options } = this;
    await eachOf(todo, 8, async (file) => {
      const size = file.size ?? (await sizeAt(this.addressesOf(file), options.signal));
      if (size) this.sizes.set(file.url, size);
    });
    let left = 0;
    for (const [url, size] of this.sizes) left += size - (await sizeOf(`${this.pathOf(url)}.partial`));
    // an archive and what it holds lie side by side for a while
    const archives = todo
      .filter((file) => file.unpack)
      .reduce((sum, f) => sum + (this.sizes.get(f.url) ?? 0), 0);
    const needed = left + Math.max(description.download?.space ?? 0, archives);
    const free = await statfs(root).then(
      (s) => s.bavail * s.bsize,
      () => Infinity,
    );
    const unknown = todo.length - this.sizes.size;
    const untried = todo.filter((file) => file.untried).length;
    options.onNotice?.(
      [
        `${description.title}: ${todo.length} file${todo.length === 1 ? '' : 's'} to fetch` +
          (this.sizes.size ? `, ${bytesText(left)}; ${bytesText(needed)} are needed on the disk` : '') +
          `, ${bytesText(free)} are free in ${root}.`,
        unknown && `The size of ${unknown} of them is not known.`,
        untried &&
          `Nobody has tried ${untried === 1 ? 'this address' : 'these addresses'} with this program yet.`,
        description.download?.note && `Note: ${description.download.note}.`,
      ]
        .filter(Boolean)
        .join(' '),
    );
    if (needed > free)
      throw new DataError(
        'disk',
        `Not enough space for ${description.title}: ${bytesText(needed)} needed, ${bytesText(free)} free in ${root}. Make room, or name another folder (root, or CELLGRAD_DATA).`,
      );
  }

  /** Some at once. One that fails doesn't stop the others, but for a full disk. */
  private async fetchAll(todo: readonly Download[]): Promise<void> {
    const { signal, parallel = 4 } = this.options;
    const failures: Error[] = [];
    await eachOf(todo, parallel, async (file) => {
      try {
        await this.fetchOne(file);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DataError)) throw error;
        failures.push(error);
      }
    });
    const [first] = failures as DataError[];
    if (!first) return;
    if (failures.length === 1 && todo.length === 1) throw first;
    throw new DataError(
      first.code,
      `${failures.length} of ${todo.length} files of ${this.description.title} could not be fetched; the others are in place, and the next call fetches only what is missing. ${someOf(
        failures.map((e) => e.message),
        2,
      )}`,
      { cause: first },
    );
  }

  private pathOf(url: string): string {
    const file = this.files.find((each) => each.url === url)!;
    return join(this.root, '.downloads', nameOf(file));
  }

  /** The mirrors', then the source. */
  private addressesOf(file: Download): string[] {
    const path = `${this.description.name}/${basename(this.pathOf(file.url))}`;
    return [...mirrors().map((base) => `${base}/${path}`), file.url];
  }

  private async fetchOne(file: Download): Promise<void> {
    const { options, root } = this;
    const path = this.pathOf(file.url);
    if (!existsSync(path)) await this.downloadFrom(file, path);
    const sha256 = await sha256File(path, options.signal);
    const { size } = await stat(path);
    let files: Unpacked[];
    if (file.unpack) {
      const folder = join(root, file.into ?? '');
      await mkdir(folder, { recursive: true });
      const result = await unpack(path, file.unpack, folder, {
        strip: file.strip,
        only: file.only,
        nested: file.nested,
        limits: options.limits,
        signal: options.signal,
        onProgress: () => this.tell('unpacking', file),
      }).catch(async (error) => {
        // a bad archive is fetched anew the next time; one that a person has to unpack stays
        if (error instanceof DataError && error.code !== 'by-hand') await rm(path, { force: true });
        throw error;
      });
      files = result.files.map((each) => ({
        ...each,
        path: file.into ? `${file.into}/${each.path}` : each.path,
      }));
      this.skipped.push(...result.skipped);
      if (!options.keepArchives) await rm(path);
    } else {
      const name = nameOf(file);
      await mkdir(dirname(join(root, name)), { recursive: true });
      await rename(path, join(root, name));
      files = [{ path: name, size, sha256 }];
    }
    // what lay there before belongs to this one now
    const paths = new Set(files.map((each) => each.path));
    for (const other of Object.values(this.receipt.downloads))
      other.files = other.files.filter((each) => !paths.has(each.path));
    this.receipt.downloads[file.url] = { sha256, size, files };
    writeReceipt(root, this.receipt);
    this.done++;
    this.tell('unpacking', file);
  }

  /** From the mirrors, then from the source; the first that has it. */
  private async downloadFrom(file: Download, path: string): Promise<void> {
    const { retries, signal } = this.options;
    let failure: DownloadError | undefined;
    for (const address of this.addressesOf(file)) {
      try {
        await download(address, path, {
          sha256: file.sha256,
          size: file.size,
          retries: address === file.url ? retries : 0,
          signal,
          onProgress: (received, total) => {
            this.got.set(file.url, received);
            if (total) this.sizes.set(file.url, total);
            this.tell('downloading', file);
          },
        });
        return file.unpack ? await refusePage(path, address) : undefined;
      } catch (error) {
        // a mirror that sends a page is as one that has nothing
        if (error instanceof DataError && address !== file.url) continue;
        if (!(error instanceof DownloadError)) throw error;
        failure = error;
      }
    }
    throw new DataError(
      failure!.code,
      `${failure!.message} ${failure!.code === 'offline' ? 'Check the network' : 'Look whether the set has changed at its home page'}, or set CELLGRAD_MIRROR to an address that has ${this.description.name}/${basename(path)}.`,
      { cause: failure },
    );
  }

  private tell(stage: GetProgress['stage'], file: Download): void {
    const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
    this.options.onProgress?.({
      name: this.description.name,
      stage,
      file: basename(this.pathOf(file.url)),
      bytes: sum(this.got.values()),
      total: sum(this.sizes.values()),
      done: this.done,
      files: this.files.length,
    });
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => 0,
  );

/** Runs `work` on each, some at a time; after an error no further one is begun. */
async function eachOf<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]);
  };
  const stop = (error: unknown): never => {
    next = items.length;
    throw error;
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, () => lane().catch(stop)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
