// A package index on the loopback with one wheel, and the faults that networks have.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Wheel } from '../../src/compute/wheel.js';
import { zip } from './zip.js';

export interface IndexServer {
  url: string;
  port: number;
  wheel: Wheel;
  file: Buffer;
  members: Record<string, Buffer>;
  /** Requests of the wheel, by their Range header ('' without one). */
  downloads: string[];
  authorization: Set<string | undefined>;
  /** How the index page is written. */
  page: 'json' | 'html' | 'garbage';
  /** How the wheel is served: bytes after which the connection breaks (each of the first ones), and so on. */
  breakAfter: number[];
  stallAfter?: number;
  ranges: boolean;
  status?: number;
  /** How often the index page is refused before it comes. */
  busy: number;
  altered: boolean;
  /** Milliseconds between pieces of 64 KB. */
  slow: number;
  close(): Promise<void>;
}

export async function indexServer(): Promise<IndexServer> {
  const members = { 'demo/a.bin': randomBytes(300_000), 'demo/b.bin': randomBytes(5_000) };
  const file = zip({ ...members, 'demo/unused.txt': Buffer.from('unused') });
  const filename = 'demo-1.0-py3-none-any.whl';
  const wheel: Wheel = {
    what: 'Demo',
    project: 'demo',
    filename,
    sha256: createHash('sha256').update(file).digest('hex'),
    members: { 'demo/a.bin': 'a.bin', 'demo/b.bin': 'b.bin' },
    bytes: file.length,
    space: 1_000_000,
  };
  const server = createServer((request, response) => {
    self.authorization.add(request.headers.authorization);
    if (request.url === '/simple/demo/') answerPage(response);
    else if (request.url === `/files/${filename}`) void answerFile(request, response);
    else response.writeHead(404).end();
  });
  const answerPage = (response: ServerResponse): void => {
    const type = {
      json: 'application/vnd.pypi.simple.v1+json',
      html: 'text/html',
      garbage: 'application/json',
    };
    if (self.busy > 0) {
      self.busy--;
      return void response.writeHead(503).end();
    }
    response.writeHead(200, { 'content-type': type[self.page] });
    const json = {
      files: [
        { filename, url: `../../files/${filename}`, hashes: { sha256: wheel.sha256 }, size: file.length },
      ],
    };
    const html = `<html><body><a href="../../files/${filename}#sha256=${wheel.sha256}">${filename}</a></body></html>`;
    response.end({ json: JSON.stringify(json), html, garbage: '<p>' }[self.page]);
  };
  const answerFile = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const range = request.headers.range ?? '';
    self.downloads.push(range);
    if (self.status) return void response.writeHead(self.status).end();
    const from = self.ranges ? Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0) : 0;
    if (from >= file.length)
      return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    const body = Buffer.from(file.subarray(from));
    if (self.altered) body[body.length >> 1] ^= 1;
    response.writeHead(from ? 206 : 200, {
      'content-length': body.length,
      ...(from ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
    });
    const broken = self.breakAfter.shift();
    if (broken !== undefined)
      return void response.write(body.subarray(0, broken), () => setTimeout(() => response.destroy(), 20));
    if (self.stallAfter !== undefined) return void response.write(body.subarray(0, self.stallAfter));
    for (let at = 0; at < body.length; at += 65536) {
      response.write(body.subarray(at, at + 65536));
      if (self.slow) await new Promise((next) => setTimeout(next, self.slow));
    }
    response.end();
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const self: IndexServer = {
    url: `http://127.0.0.1:${port}/simple`,
    port,
    wheel,
    file,
    members,
    downloads: [],
    authorization: new Set(),
    page: 'json',
    breakAfter: [],
    ranges: true,
    busy: 0,
    altered: false,
    slow: 0,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return self;
}
