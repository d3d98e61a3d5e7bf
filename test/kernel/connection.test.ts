// Connection files: what a kernel makes of those that front ends write, and what it says of those that none should.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelArguments } from '../../src/cli/spawn.js';
import { readConnection } from '../../src/kernel/index.js';
import type { Connection } from '../../src/kernel/wire.js';
import { freeConnection, TestKernel } from './client.js';

describe('a connection file', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-connection-'))));
  after(() => rmSync(folder, { recursive: true }));

  const good = {
    ip: '127.0.0.1',
    shell_port: 50001,
    iopub_port: 50002,
    stdin_port: 50003,
    control_port: 50004,
    hb_port: 50005,
  };
  const write = (content: unknown): string => {
    const file = join(folder, 'c.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };

  /** How a kernel that can't start ends. */
  async function failure(file: string): Promise<{ code: unknown; said: string }> {
    const child = spawn(process.execPath, [...kernelArguments(), '--connection-file', file], {
      env: { ...process.env, CELLGRAD_HISTORY: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => (said += String(text)));
    return { code: await new Promise((resolve) => child.on('close', resolve)), said };
  }

  const refused: [string, unknown, RegExp][] = [
    ['is not JSON', '{"ip":', /can't be read: it isn't JSON \(.*\)\.$/],
    ['is empty', '', /can't be read: it isn't JSON/],
    ['is no object', '[1]', /can't be read: it holds no JSON object\.$/],
    ['is null', 'null', /can't be read: it holds no JSON object\.$/],
    ['lacks a port', { ip: '127.0.0.1' }, /lacks "shell_port"\.$/],
    ['lacks the ip', { ...good, ip: undefined }, /lacks "ip"\.$/],
    [
      'asks for another transport',
      { ...good, transport: 'udp' },
      /transport "udp"; a kernel takes "tcp" or "ipc"\.$/,
    ],
    ['has a port that is none', { ...good, hb_port: '50005' }, /has the hb_port "50005", which is no port/],
    [
      'has a port beyond all',
      { ...good, hb_port: 70000 },
      /has the hb_port 70000, which is no port from 0 to 65535\.$/,
    ],
    ['has a port twice', { ...good, hb_port: 50001 }, /has 50001 as shell_port and as hb_port\.$/],
    ['has a key that is no text', { ...good, key: 5 }, /has the key 5, which is no text\.$/],
    [
      'asks for unknown signatures',
      { ...good, signature_scheme: 'hmac-sha9' },
      /signatures by "hmac-sha9"; Node has none/,
    ],
  ];
  for (const [what, content, message] of refused)
    it(`that ${what} is refused in a sentence`, () => {
      assert.throws(
        () => readConnection(write(content)),
        ({ name, message: said }: Error) =>
          name === 'ConnectionError' && message.test(said) && said.startsWith('The connection file /'),
      );
    });

  it('that is missing, or a folder, is refused by the program: a sentence, exit code 2', async () => {
    const missing = await failure(join(folder, 'none.json'));
    assert.equal(missing.code, 2);
    assert.match(missing.said, /^The connection file .*none\.json can't be read: there is no such file\.\n$/);
    mkdirSync(join(folder, 'sub'));
    const { code, said } = await failure(join(folder, 'sub'));
    assert.equal(code, 2);
    assert.match(said, /can't be read: it is a folder\.\n$/);
  });

  it('whose port is taken: which one, exit code 1', async () => {
    const connection = await freeConnection();
    const taken = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });
    const { port } = taken.address() as AddressInfo;
    const { code, said } = await failure(write({ ...connection, stdin_port: port }));
    taken.close();
    assert.equal(
      said,
      `cellgrad: The port ${port} (stdin_port) is taken by another program, so the kernel can't listen there.\n`,
    );
    assert.equal(code, 1);
  });

  it('whose ip is none of this machine’s', async () => {
    const connection = await freeConnection();
    const { code, said } = await failure(write({ ...connection, ip: '203.0.113.7' }));
    assert.equal(code, 1);
    assert.match(said, /^cellgrad: The connection file's ip 203\.0\.113\.7 is no address of this machine/);
    const named = await failure(write({ ...connection, ip: 'no-such-name.invalid' }));
    assert.match(named.said, /ip "no-such-name\.invalid" is no address, and no name of one\.\n$/);
  });

  const works = async (connection: Connection): Promise<TestKernel> => {
    const kernel = await TestKernel.start({}, connection);
    try {
      assert.equal((await kernel.run('6 * 7')).result, '42');
      assert.ok((await kernel.heartbeat()) < 5000);
    } finally {
      await kernel.stop();
    }
    return kernel;
  };

  it('without a key: messages need no signature', async () => {
    await works({ ...(await freeConnection()), key: '' });
    assert.equal(readConnection(write(good)).key, '');
  });

  it('with another hash', async () => {
    await works({ ...(await freeConnection()), signature_scheme: 'hmac-sha512' });
  });

  it('of the transport ipc', async function () {
    if (process.platform === 'win32') return this.skip();
    const ports = { shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
    const ip = join(folder, 'k');
    await works({ ...(await freeConnection()), ...ports, transport: 'ipc', ip });
  });

  it('of the transport ipc whose name is longer than a socket’s: a sentence, and no file of a shorter name', async function () {
    if (process.platform === 'win32') return this.skip();
    const deep = join(folder, 'x'.repeat(120));
    mkdirSync(deep);
    const { code, said } = await failure(
      write({ ...good, transport: 'ipc', ip: join(deep, 'k'), shell_port: 1 }),
    );
    assert.equal(code, 1);
    assert.match(said, /k-1 \(shell_port\): its name has \d+ bytes, and a socket's may have 10[37]; give a/);
    assert.ok(!readdirSync(folder).includes('x'.repeat(107 - folder.length - 1)));
  });

  it('with another address of this machine', async function () {
    const own = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
    const ip = own ?? (process.platform === 'linux' ? '127.0.0.2' : undefined);
    if (!ip) return this.skip();
    await works({ ...(await freeConnection()), ip });
  });

  it('with localhost by its name', async () => {
    await works({ ...(await freeConnection()), ip: 'localhost' });
  });

  it('with ports 0 is told those that were chosen, and stays its owner’s', async () => {
    const none = { shell_port: 0, iopub_port: 0, stdin_port: 0, control_port: 0, hb_port: 0 };
    const given = { ...(await freeConnection()), ...none, kernel_name: 'mine' };
    const file = write(given);
    const mode = statSync(file).mode;
    const child = spawn(process.execPath, [...kernelArguments(), '--connection-file', file], {
      env: { ...process.env, CELLGRAD_HISTORY: 'off' },
      stdio: 'ignore',
    });
    try {
      const chosen = async (): Promise<Connection & { kernel_name: string }> => {
        for (;;) {
          const content = JSON.parse(readFileSync(file, 'utf8')) as typeof given;
          if (content.shell_port) return content;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      const { shell_port, iopub_port, stdin_port, control_port, hb_port, ...rest } = await chosen();
      const ports = [shell_port, iopub_port, stdin_port, control_port, hb_port];
      assert.equal(new Set(ports).size, 5);
      assert.ok(ports.every((port) => port > 1023));
      assert.deepEqual([rest.kernel_name, rest.key], ['mine', given.key]);
      assert.equal(statSync(file).mode, mode);
    } finally {
      child.kill();
    }
  });
});
