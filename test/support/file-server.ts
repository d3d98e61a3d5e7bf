// A file server on the loopback with the faults that servers and networks have.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one file is served; each fault of a list is met once, in order. */
export interface Served {
  content: Buffer;
  etag?: string;
  /** Answers to give before the content, such as 503; with Retry-After in seconds. */
  answers?: { status: number; retryAfter?: string }[];
  /** Bytes after which the connection breaks. */
  breakAfter?: number[];
  ranges?: boolean;
  /** Content-Length that is said in place of the true one. */
  says?: number;
  /** Says no length at all. */
  silent?: boolean;
  /** Another path on this server that it is found at. */
  redirect?: string;
  /** Milliseconds between pieces of 16 kB. */
  slow?: number;
}

export interface FileServer {
  url: string;
  files: Record<string, Served>;
  /** 'METHOD /path range' of every request, in order. */
  requests: string[];
  /** The most files that were being sent at once. */
  most: number;
  close(): Promise<void>;
}

export async function fileServer(files: Record<string, Served>): Promise<FileServer> {
  let open = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent(request.url!).slice(1);
    const range = request.headers.range ?? '';
    self.requests.push(`${request.method} /${path} ${range}`.trim());
    const file = self.files[path];
    if (!file) return void response.writeHead(404).end();
    if (file.redirect) return void response.writeHead(302, { location: `/${file.redirect}` }).end();
    const { content, ranges = true } = file;
    if (request.method === 'HEAD' && file.silent) return void response.writeHead(405).end();
    if (request.method === 'HEAD')
      return void response.writeHead(200, { 'content-length': file.says ?? content.length }).end();
    const first = file.answers?.shift();
    if (first) {
      const wait = first.retryAfter === undefined ? {} : { 'retry-after': first.retryAfter };
      return void response.writeHead(first.status, wait).end();
    }
    const unchanged = !request.headers['if-range'] || request.headers['if-range'] === file.etag;
    const from = ranges && unchanged ? Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0) : 0;
    if (from >= content.length)
      return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    const body = content.subarray(from);
    response.writeHead(from ? 206 : 200, {
      ...(file.silent ? {} : { 'content-length': file.says ?? body.length }),
      ...(file.etag ? { etag: file.etag } : {}),
      ...(from ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
    });
    const broken = file.breakAfter?.shift();
    if (broken !== undefined)
      return void response.write(body.subarray(0, broken), () => setTimeout(() => request.socket.end(), 200));
    for (let at = 0; at < body.length && !response.destroyed; at += 16384) {
      response.write(body.subarray(at, at + 16384));
      // not after the last piece, with which the client has all that it was promised
      if (file.slow && at + 16384 < body.length) await new Promise((next) => setTimeout(next, file.slow));
    }
    response.end();
    // more was promised: the connection ends
    if (file.says && file.says > body.length) request.socket.end();
  };
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      self.most = Math.max(self.most, ++open);
      response.once('close', () => open--);
    }
    void answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const self: FileServer = {
    url: `http://127.0.0.1:${port}`,
    files,
    requests: [],
    most: 0,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return self;
}
