// ZeroMQ's protocol: our sockets beside ZeroMQ's own library, and beside peers that keep to nothing.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dealer, Request, Router as TheirRouter, Subscriber, XPublisher } from 'zeromq';
import { Echo, Publisher, Router } from '../../src/kernel/served.js';
import { Dial } from '../../src/runner/dial.js';

const host = '127.0.0.1';
const texts = (frames: Buffer[]): string[] => frames.map(String);

const greeting = Buffer.alloc(64);
greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
greeting.write('NULL', 12);
const frame = (flags: number, body: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([flags, body.length]), Buffer.from(body)]);
const property = (name: string, value: string): string =>
  `${String.fromCharCode(name.length)}${name}\0\0\0${String.fromCharCode(value.length)}${value}`;
const ready = (type: string): Buffer => frame(4, `\x05READY${property('Socket-Type', type)}`);
const long = (flags: number, size: bigint): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes[0] = flags;
  bytes.writeBigUInt64BE(size, 1);
  return bytes;
};

/** A publisher that greets nobody. */
class Counting extends Publisher {
  subscriptions = 0;
  constructor() {
    super(() => void this.subscriptions++);
  }
}

/** A condition that comes true, or the test runs out of time. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('ZeroMQ’s protocol', () => {
  const open: { close(): unknown }[] = [];
  const kept = <T extends { close(): unknown }>(socket: T): T => {
    open.push(socket);
    return socket;
  };
  afterEach(() => {
    for (const socket of open.splice(0)) void socket.close();
  });

  async function router(
    take?: (frames: Buffer[], self: Router) => void,
  ): Promise<{ self: Router; port: number }> {
    const self: Router = kept(
      new Router((frames) =>
        take ? take(frames, self) : self.send([frames[0], ...frames.slice(1).reverse()]),
      ),
    );
    return { self, port: await self.listen({ host, port: 0 }) };
  }

  const dealer = (port: number, routingId?: string): Dealer => {
    const socket = kept(new Dealer({ linger: 0, ...(routingId ? { routingId } : {}) }));
    socket.connect(`tcp://${host}:${port}`);
    return socket;
  };

  it('frames of every length arrive, in both directions, in order', async () => {
    const { port } = await router();
    const socket = dealer(port);
    const lengths = [0, 1, 254, 255, 256, 257, 65_535, 65_536, 70_000, 3_000_000];
    for (const length of lengths) {
      const frames = [randomBytes(length), Buffer.from('between'), Buffer.alloc(0)];
      await socket.send(frames);
      const answer = await socket.receive();
      assert.equal(answer.length, 3);
      assert.ok(answer[2].equals(frames[0]), `${length} bytes`);
      assert.equal(String(answer[1]), 'between');
      assert.equal(answer[0].length, 0);
    }
    const many = Array.from({ length: 2000 }, (_, i) => [Buffer.from(String(i)), randomBytes(i)]);
    void (async () => {
      for (const frames of many) await socket.send(frames);
    })();
    for (const frames of many) {
      const answer = await socket.receive();
      assert.ok(answer[1].equals(frames[0]) && answer[0].equals(frames[1]), String(frames[0]));
    }
    const parts = Array.from({ length: 500 }, (_, i) => Buffer.from(`part ${i}`));
    await socket.send(parts);
    assert.deepEqual(texts(await socket.receive()), texts(parts).reverse());
  });

  it('a router tells its peers apart, named or not; one that comes again takes its earlier place', async () => {
    const heard: string[][] = [];
    const { self, port } = await router((frames) => void heard.push(texts(frames)));
    const [first, second, unnamed] = [dealer(port, 'one'), dealer(port, 'two'), dealer(port)];
    for (const [i, socket] of [first, second, unnamed].entries()) await socket.send(`from ${i}`);
    await until(() => heard.length === 3);
    const names = new Map(heard.map(([name, text]) => [text, name]));
    assert.deepEqual([names.get('from 0'), names.get('from 1')], ['one', 'two']);
    for (const i of [2, 0, 1])
      self.send([Buffer.from(names.get(`from ${i}`)!, 'latin1'), Buffer.from(`to ${i}`)]);
    assert.deepEqual(texts(await first.receive()), ['to 0']);
    assert.deepEqual(texts(await second.receive()), ['to 1']);
    assert.deepEqual(texts(await unnamed.receive()), ['to 2']);
    self.send([Buffer.from('nobody'), Buffer.from('lost')]);

    const again = dealer(port, 'one');
    await again.send('again');
    await until(() => heard.length === 4);
    first.close();
    await sleep(50);
    self.send([Buffer.from('one'), Buffer.from('for the later')]);
    assert.deepEqual(texts(await again.receive()), ['for the later']);
  });

  it('a publisher sends what was subscribed to, and greets each subscription of each peer', async () => {
    const greeted: string[] = [];
    const publisher = kept(
      new Publisher((topic, send) => {
        greeted.push(String(topic));
        send([Buffer.from(`${String(topic)}:hello`)]);
      }),
    );
    const port = await publisher.listen({ host, port: 0 });
    const subscriber = (...topics: string[]): Subscriber => {
      const socket = kept(new Subscriber({ linger: 0 }));
      socket.connect(`tcp://${host}:${port}`);
      socket.subscribe(...topics);
      return socket;
    };
    const all = subscriber('');
    assert.deepEqual(texts(await all.receive()), [':hello']);
    const some = subscriber('a', 'bc');
    const hellos = [String(await some.receive()), String(await some.receive())];
    assert.deepEqual(hellos.sort(), ['a:hello', 'bc:hello']);
    const alsoAll = subscriber('');
    assert.deepEqual(texts(await alsoAll.receive()), [':hello']);
    assert.deepEqual(greeted.sort(), ['', '', 'a', 'bc']);
    for (const topic of ['b', 'bcd', 'a', 'c']) publisher.send([Buffer.from(topic), Buffer.from('text')]);
    for (const topic of ['b', 'bcd', 'a', 'c'])
      for (const socket of [all, alsoAll]) assert.deepEqual(texts(await socket.receive()), [topic, 'text']);
    for (const topic of ['bcd', 'a']) assert.deepEqual(texts(await some.receive()), [topic, 'text']);
    some.unsubscribe('a');
    await sleep(50);
    for (const topic of ['a', 'bc']) publisher.send([Buffer.from(topic)]);
    assert.deepEqual(texts(await some.receive()), ['bc']);
  });

  it('the heartbeat answers requests and dealers', async () => {
    const echo = kept(new Echo());
    const port = await echo.listen({ host, port: 0 });
    const request = kept(new Request({ linger: 0 }));
    request.connect(`tcp://${host}:${port}`);
    for (const beat of ['one', 'two']) {
      await request.send(beat);
      assert.deepEqual(texts(await request.receive()), [beat]);
    }
    const socket = dealer(port);
    await socket.send(['', 'three']);
    assert.deepEqual(texts(await socket.receive()), ['', 'three']);
  });

  it('what asks whether a connection lives is answered', async () => {
    const { port } = await router();
    const socket = kept(
      new Dealer({ linger: 0, heartbeatInterval: 20, heartbeatTimeout: 100, heartbeatTimeToLive: 100 }),
    );
    let lost = false;
    socket.events.on('disconnect', () => (lost = true));
    socket.connect(`tcp://${host}:${port}`);
    await sleep(400);
    await socket.send(['a', 'b']);
    assert.deepEqual(texts(await socket.receive()), ['b', 'a']);
    assert.equal(lost, false);
  });

  it('a front end waits for its kernel, sends what has waited, and comes back to one that begins anew', async () => {
    const theirs = new TheirRouter({ linger: 0, handover: true });
    await theirs.bind(`tcp://${host}:*`);
    const port = Number(/:(\d+)$/.exec(theirs.lastEndpoint!)![1]);
    await theirs.unbind(theirs.lastEndpoint!);
    const heard: string[][] = [];
    const dial = kept(new Dial({ host, port }, 'DEALER', (frames) => void heard.push(texts(frames))));
    dial.send([Buffer.from('early')]);
    await sleep(60);
    await theirs.bind(`tcp://${host}:${port}`);
    const [identity, text] = await theirs.receive();
    assert.equal(String(text), 'early');
    await theirs.send([identity, 'welcome', '']);
    await until(() => heard.length === 1);
    assert.deepEqual(heard, [['welcome', '']]);
    theirs.close();
    await sleep(30);
    const next = kept(new TheirRouter({ linger: 0 }));
    await next.bind(`tcp://${host}:${port}`);
    await sleep(100);
    dial.send([Buffer.from('again')]);
    assert.equal(String((await next.receive())[1]), 'again');
  });

  it('a front end hears a publisher of ZeroMQ’s', async () => {
    const publisher = kept(new XPublisher({ linger: 0 }));
    await publisher.bind(`tcp://${host}:*`);
    const port = Number(/:(\d+)$/.exec(publisher.lastEndpoint!)![1]);
    const heard: string[][] = [];
    kept(new Dial({ host, port }, 'SUB', (frames) => void heard.push(texts(frames))));
    const [subscription] = await publisher.receive();
    assert.deepEqual([...subscription], [1]);
    await publisher.send(['topic', 'text']);
    await until(() => heard.length === 1);
    assert.deepEqual(heard, [['topic', 'text']]);
  });

  /** A raw connection that has subscribed to everything, and reads nothing until it is told to. */
  async function deaf(publisher: Counting, port: number): Promise<Socket> {
    const before = publisher.subscriptions;
    const socket = connect(port, host);
    socket.on('error', () => undefined);
    socket.write(Buffer.concat([greeting, ready('SUB'), frame(4, '\x09SUBSCRIBE')]));
    await until(() => publisher.subscriptions > before);
    return socket;
  }

  const megabyte = Buffer.alloc(1 << 20, 'x');

  it('who reads nothing misses what does not fit the memory, but no small message; the others miss nothing', async () => {
    const publisher = kept(new Counting());
    const port = await publisher.listen({ host, port: 0 });
    const silent = await deaf(publisher, port);
    const reader = await deaf(publisher, port);
    let read = 0;
    reader.on('data', ({ length }: Buffer) => (read += length));
    for (let i = 0; i < 700; i++) {
      publisher.send([megabyte]);
      if (i % 20 === 0) await until(() => read >= i * megabyte.length);
    }
    publisher.send([Buffer.from('the end')]);
    await until(() => read > 700 * megabyte.length);
    let heard = 0;
    let tail = '';
    silent.on('data', (chunk: Buffer) => {
      heard += chunk.length;
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 100))).slice(-100);
    });
    await until(() => tail.endsWith('the end'));
    assert.ok(heard > 500e6 && heard < 600e6, `${heard} bytes`);
    assert.ok(!publisher.behind);
    for (const socket of [silent, reader]) socket.destroy();
  });

  it('a publisher knows whether those who read are behind', async () => {
    const publisher = kept(new Counting());
    const port = await publisher.listen({ host, port: 0 });
    const reader = await deaf(publisher, port);
    publisher.send([megabyte]);
    assert.ok(!publisher.behind);
    for (let i = 0; i < 100; i++) publisher.send([megabyte]);
    assert.ok(publisher.behind);
    reader.resume();
    await until(() => !publisher.behind);
    for (let i = 0; i < 1000; i++) publisher.send([megabyte]);
    assert.ok(publisher.behind === false, 'one that is given up holds nobody up');
    reader.destroy();
  });

  it('a socket that closes waits for those who read, however slowly, and not for those who do not', async () => {
    const publisher = new Counting();
    const port = await publisher.listen({ host, port: 0 });
    const slow = await deaf(publisher, port);
    await deaf(publisher, port);
    for (let i = 0; i < 50; i++) publisher.send([megabyte]);
    let closed = false;
    const closing = publisher.close().then(() => (closed = true));
    let read = 0;
    slow.on('data', ({ length }: Buffer) => {
      read += length;
      slow.pause();
      setTimeout(() => slow.resume(), 1);
    });
    await once(slow, 'end');
    assert.ok(read > 50 * megabyte.length, `${read} bytes`);
    await closing;
    assert.ok(closed);
  });

  it('heartbeats whose answers nobody reads do not fill the memory', async () => {
    const echo = kept(new Echo());
    const port = await echo.listen({ host, port: 0 });
    const silent = connect(port, host);
    silent.write(Buffer.concat([greeting, ready('DEALER')]));
    const head = long(2, BigInt(megabyte.length));
    for (let i = 0; i < 200; i++) {
      silent.write(head);
      await new Promise((resolve) => silent.write(megabyte, resolve));
    }
    let read = 0;
    silent.on('data', ({ length }: Buffer) => (read += length));
    silent.end();
    await once(silent, 'end');
    assert.ok(read > 60e6 && read < 100e6, `${read} bytes`);
  });

  describe('a peer that does not keep to it loses its connection, and nobody else does:', () => {
    const changed = (at: number, value: number | string): Buffer => {
      const bytes = Buffer.from(greeting);
      if (typeof value === 'string') bytes.write(value, at);
      else bytes[at] = value;
      return bytes;
    };
    const hostile: Record<string, Buffer[]> = {
      'another protocol': [Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')],
      'an old version': [changed(10, 1)],
      'another mechanism': [changed(12, 'CURVE')],
      'a signature that is none': [changed(9, 0)],
      'a message before its name': [greeting, frame(0, 'hello')],
      'a command before its name': [greeting, frame(4, '\x04PING\0\0')],
      'a socket of another kind': [greeting, ready('PUB')],
      'no kind': [greeting, frame(4, '\x05READY')],
      'properties cut short': [greeting, frame(4, '\x05READY\x0bSocket')],
      'a property longer than its command': [greeting, frame(4, '\x05READY\x01a\xff\xff\xff\xffb')],
      'flags without a meaning': [greeting, ready('DEALER'), frame(0x80, 'x')],
      'a command in parts': [greeting, ready('DEALER'), frame(5, '\x04PING\0\0')],
      'a message longer than all memory': [greeting, ready('DEALER'), long(2, 2n ** 63n)],
      'a command longer than sense': [greeting, ready('DEALER'), long(6, 2n ** 30n)],
      'a name of those that a router gives': [
        greeting,
        frame(4, `\x05READY${property('Socket-Type', 'DEALER')}${property('Identity', '\0\0\0\0\x01')}`),
      ],
      'more frames than memory': [greeting, ready('DEALER'), Buffer.alloc(2_200_000, Buffer.from([1, 0]))],
      'an error of its own': [greeting, ready('DEALER'), frame(4, '\x05ERROR\x02no')],
    };
    for (const [what, sent] of Object.entries(hostile))
      it(what, async () => {
        const { port } = await router();
        const good = dealer(port);
        await good.send('before');
        await good.receive();
        const bad: Socket = connect(port, host);
        bad.on('error', () => undefined);
        const ended = new Promise((resolve) => bad.once('close', resolve)); // an error may come before
        bad.resume();
        for (const bytes of sent) bad.write(bytes);
        await ended;
        await good.send(['a', 'b']);
        assert.deepEqual(texts(await good.receive()), ['b', 'a']);
      });

    it('bytes may come one by one', async () => {
      const heard: string[][] = [];
      const { port } = await router((frames) => void heard.push(texts(frames).slice(1)));
      const slow = connect(port, host);
      slow.setNoDelay(true);
      slow.resume();
      for (const byte of Buffer.concat([greeting, ready('DEALER'), frame(1, 'he'), frame(0, 'llo')])) {
        slow.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      await until(() => heard.length === 1);
      assert.deepEqual(heard, [['he', 'llo']]);
      slow.destroy();
    });

    it('one that goes in the middle of a message is not heard', async () => {
      const heard: string[][] = [];
      const { port } = await router((frames) => void heard.push(texts(frames)));
      const gone = connect(port, host);
      gone.resume();
      gone.write(Buffer.concat([greeting, ready('DEALER'), frame(1, 'first'), Buffer.from([0, 200, 1])]));
      await sleep(50);
      gone.destroy();
      await sleep(50);
      assert.deepEqual(heard, []);
    });

    it('random bytes after a good beginning', async () => {
      const { port } = await router();
      for (let i = 0; i < 200; i++) {
        const bad = connect(port, host);
        bad.on('error', () => undefined);
        bad.resume();
        bad.end(Buffer.concat([greeting, ready('DEALER'), randomBytes(300)].slice(i % 3)));
        if (i % 20 === 0) await sleep(5);
      }
      const good = dealer(port);
      await good.send(['a', 'b']);
      assert.deepEqual(texts(await good.receive()), ['b', 'a']);
    });
  });
});
