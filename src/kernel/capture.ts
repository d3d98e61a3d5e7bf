// Turns file descriptors 1 and 2 of this process into pipes.
import { closeSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import koffi from 'koffi';

import type { Descriptors } from './descriptors.js';

/** Of one millisecond each. */
const MOST_TRIES = 1000;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Redirects the descriptors of this process.
 * @returns undefined where the system has no such descriptors (Windows): what is written there stays in the log
 */
export function captureDescriptors(): Descriptors | undefined {
  if (process.platform === 'win32') return undefined;
  const libc = koffi.load(null);
  const pipe = libc.func('int pipe(_Out_ int *fds)');
  const dup = libc.func('int dup(int fd)');
  const dup2 = libc.func('int dup2(int from, int to)');
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  // children get 1 and 2 alone
  const ours = (fd: number): number => {
    if (fd >= 0) fcntl(fd, F_SETFD, 'int', FD_CLOEXEC);
    return fd;
  };
  const redirect = (fd: number): { reader: number; original: number } => {
    const ends = [0, 0];
    if (pipe(ends) !== 0) throw new Error('no pipe for the output of child processes could be made');
    const original = ours(dup(fd));
    dup2(ends[1], fd);
    closeSync(ends[1]);
    return { reader: ours(ends[0]), original };
  };
  const [out, err] = [redirect(1), redirect(2)];
  return {
    readers: { stdout: out.reader, stderr: err.reader },
    originals: { stdout: out.original, stderr: err.original },
    mark: { begin: `\x1b_${randomBytes(12).toString('hex')}:`, end: '\x1b\\' },
  };
}

/** Marks a message's place in what is written to the descriptors. */
export function writeMark({ mark }: Descriptors, number: number): void {
  const text = `${mark.begin}${number}${mark.end}`;
  for (const fd of [1, 2])
    for (let tries = 0; tries < MOST_TRIES; tries++)
      try {
        writeSync(fd, text);
        break;
      } catch (error) {
        // a child process may have made the pipe one that is full at times; other errors: the cell has closed it
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
}
