// TensorFlow's own library out of its Python wheel: which wheel serves this machine, and where its two libraries lie.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ComputeError } from './errors.js';
import { nvidiaWheels, tensorflowCuda } from './cuda.js';
import { checkSpace, fromWheel, isThere, type FetchOptions, type Wheel } from './wheel.js';

export const tensorflowVersion = '2.21.0';

export interface Platform {
  os: string;
  arch: string;
  /** glibc, musl or none (not Linux). */
  libc: 'glibc' | 'musl' | 'none';
}

/** This machine. */
export function thisPlatform(): Platform {
  const { platform: os, arch } = process;
  if (os !== 'linux') return { os, arch, libc: 'none' };
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  // with the network, a report waits for the names of all open connections' other ends
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork;
  return { os, arch, libc: header?.glibcVersionRuntime ? 'glibc' : 'musl' };
}

// The Python version in a wheel's name doesn't matter to its libraries: one is chosen and its checksum pinned.
interface Row {
  project: string;
  tag: string;
  sha256: string;
  bytes: number;
  suffix: string;
  /** Bytes of the libraries, where they are known. */
  unpacked?: number;
  place?: string;
}
const wheels: Record<string, Row> = {
  'linux x64': {
    project: 'tensorflow-cpu',
    tag: 'cp313-cp313-manylinux_2_27_x86_64',
    sha256: '05af7c26d35f4de910b5598c7b507e3981831a7b0f47fed9a405d995d51d7793',
    bytes: 274_271_560,
    suffix: 'so.2',
  },
  'linux arm64': {
    project: 'tensorflow',
    tag: 'cp313-cp313-manylinux_2_27_aarch64',
    sha256: 'a10abdfb8b1189210c251021a3f153b7ccc52a8e6521351f3dc3331e8ba593e0',
    bytes: 282_213_003,
    suffix: 'so.2',
  },
  'darwin arm64': {
    project: 'tensorflow',
    tag: 'cp313-cp313-macosx_12_0_arm64',
    sha256: 'a145ed46c58192b7c3f9916d070caf4f6afc6dc7e5511f83dd97677f4c4947f4',
    bytes: 223_766_900,
    suffix: '2.dylib',
  },
};

/** Whether TensorFlow has a build for NVIDIA's GPUs on a machine of this kind. */
export const hasCudaBuild = ({ os, arch, libc }: Platform): boolean =>
  os === 'linux' && arch === 'x64' && libc === 'glibc';

/**
 * The wheel that serves a machine; `cuda` has code for NVIDIA's GPUs beside the CPU's.
 * @throws ComputeError `platform` where no wheel has the libraries
 */
export function wheelFor(platform: Platform = thisPlatform(), build: 'cpu' | 'cuda' = 'cpu'): Wheel {
  const own: Row | undefined =
    platform.libc === 'musl' ? undefined : wheels[`${platform.os} ${platform.arch}`];
  const row = build === 'cuda' && hasCudaBuild(platform) ? { ...tensorflowCuda, suffix: 'so.2' } : own;
  if (!row)
    throw new ComputeError(
      'platform',
      `There is no TensorFlow library for ${platform.os} on ${platform.arch}${platform.libc === 'musl' ? ' with musl' : ''}. ` +
        `Linux with glibc (x64, arm64) and macOS (arm64) have one; on Windows use WSL. CELLGRAD_DEVICE=webgpu computes on the GPU (npm package webgpu), CELLGRAD_DEVICE=js in plain JavaScript, some 100 times slower.`,
    );
  const file = (name: string): string => `lib${name}.${row.suffix}`;
  return {
    what: `TensorFlow ${tensorflowVersion}`,
    project: row.project,
    filename: `${row.project.replaceAll('-', '_')}-${tensorflowVersion}-${row.tag}.whl`,
    sha256: row.sha256,
    members: {
      [`tensorflow/${file('tensorflow_framework')}`]: file('tensorflow_framework'),
      [`tensorflow/${file('tensorflow_cc')}`]: file('tensorflow_cc'),
    },
    bytes: row.bytes,
    space: row.unpacked ? row.bytes + row.unpacked : 1_600_000_000,
    place: row.place,
  };
}

export interface LibraryFiles {
  folder: string;
  framework: string;
  cc: string;
}

/**
 * The libraries in a folder that the user names.
 * @throws ComputeError `library` when they are not there
 */
export function libraryPlace(folder: string): LibraryFiles {
  const [framework, cc] = Object.values(wheelFor().members);
  for (const f of [framework, cc])
    if (!existsSync(join(folder, f)))
      throw new ComputeError(
        'library',
        `CELLGRAD_TENSORFLOW names ${folder}, but ${f} is not there. Name the folder that holds ${framework} and ${cc}, or unset it.`,
      );
  return { folder, framework: join(folder, framework), cc: join(folder, cc) };
}

/** All that a build needs from the index. */
export const wheelsFor = (build: 'cpu' | 'cuda'): Wheel[] => [
  wheelFor(thisPlatform(), build),
  ...(build === 'cuda' ? nvidiaWheels : []),
];

/**
 * Makes sure that the libraries are there, and says where.
 * `CELLGRAD_TENSORFLOW` names a folder that has them already (an unpacked wheel's `tensorflow/`).
 */
export async function provision(
  options: FetchOptions & { build?: 'cpu' | 'cuda' } = {},
): Promise<LibraryFiles> {
  if (process.env.CELLGRAD_TENSORFLOW) return libraryPlace(process.env.CELLGRAD_TENSORFLOW);
  const [wheel, ...others] = wheelsFor(options.build ?? 'cpu');
  if (others.length) {
    const missing = [wheel, ...others].filter((w) => !isThere(w));
    // each wheel goes when it has been unpacked
    const unpacked = missing.reduce((sum, w) => sum + w.space - w.bytes, 0);
    await checkSpace('TensorFlow for NVIDIA’s GPUs', unpacked + Math.max(0, ...missing.map((w) => w.bytes)));
    for (const w of others) await fromWheel(w, options);
  }
  const [framework, cc] = Object.values(wheel.members);
  const folder = await fromWheel(wheel, options);
  return { folder, framework: join(folder, framework), cc: join(folder, cc) };
}
