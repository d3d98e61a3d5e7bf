// The Jupyter wire protocol: signed multipart messages, in both directions.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';

export const PROTOCOL_VERSION = '5.4';
/** Signatures that are remembered at least. */
const REMEMBERED = 1 << 15;
const DELIMITER = '<IDS|MSG>';

export type Json = Record<string, unknown>;

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
  /** JEP 91: the subshell that a request is for; the main shell where there is none. */
  subshell_id?: string | null;
}

export interface Message {
  identities: Buffer[];
  header: Header;
  parent: Header | Json;
  metadata: Json;
  content: Json;
  buffers: Buffer[];
}

/** What a connection file holds. */
export interface Connection {
  transport: 'tcp' | 'ipc';
  ip: string;
  key: string;
  signature_scheme: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
}

export const CHANNELS = ['shell', 'iopub', 'stdin', 'control', 'hb'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Encodes and decodes the messages of one session, signed with the connection's key. */
export class Wire {
  readonly session = randomUUID();
  /** Messages that were not taken: malformed, not signed with our key, or signed as an earlier one. */
  dropped = 0;
  /** Signatures of late, in two generations: a message that comes again is none of the front end's. */
  private seen = new Set<string>();
  private seenBefore = new Set<string>();
  private readonly algorithm: string;

  constructor(private readonly connection: Pick<Connection, 'key' | 'signature_scheme'>) {
    this.algorithm = connection.signature_scheme.replace(/^hmac-/, '') || 'sha256';
  }

  /** The message, or undefined for anything malformed, not signed with our key, or sent again. */
  decode(frames: Buffer[]): Message | undefined {
    const message = this.read(frames);
    if (!message) this.dropped++;
    return message;
  }

  private read(frames: Buffer[]): Message | undefined {
    const at = frames.findIndex((frame) => frame.toString('latin1') === DELIMITER);
    if (at < 0 || frames.length < at + 6) return undefined;
    const [signature, ...parts] = frames.slice(at + 1, at + 6);
    if (!this.verifies(signature, parts) || this.replayed(signature)) return undefined;
    try {
      const [header, parent, metadata, content] = parts.map(
        (part) => JSON.parse(part.toString('utf8')) as Json,
      );
      if (typeof header?.msg_type !== 'string' || typeof header.msg_id !== 'string') return undefined;
      return {
        identities: frames.slice(0, at),
        header: header as unknown as Header,
        parent: parent ?? {},
        metadata: metadata ?? {},
        content: content ?? {},
        buffers: frames.slice(at + 6),
      };
    } catch {
      return undefined;
    }
  }

  header(type: string): Header {
    return {
      msg_id: randomUUID(),
      msg_type: type,
      session: this.session,
      username: 'kernel',
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    };
  }

  encode(
    type: string,
    content: Json,
    options: {
      identities?: (Buffer | string)[];
      parent?: Header | Json;
      metadata?: Json;
      buffers?: Uint8Array[];
      header?: Header;
    } = {},
  ): Buffer[] {
    const header = options.header ?? this.header(type);
    const parts = [header, options.parent ?? {}, options.metadata ?? {}, content].map((part) =>
      Buffer.from(JSON.stringify(part)),
    );
    return [
      ...(options.identities ?? []).map((id) => (typeof id === 'string' ? Buffer.from(id) : id)),
      Buffer.from(DELIMITER),
      Buffer.from(this.sign(parts)),
      ...parts,
      ...(options.buffers ?? []).map((buffer) => Buffer.from(buffer)),
    ];
  }

  private sign(parts: Buffer[]): string {
    if (!this.connection.key) return '';
    const hmac = createHmac(this.algorithm, this.connection.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  private replayed(signature: Buffer): boolean {
    if (!this.connection.key) return false;
    const digest = signature.toString('latin1');
    if (this.seen.has(digest) || this.seenBefore.has(digest)) return true;
    this.seen.add(digest);
    if (this.seen.size >= REMEMBERED) {
      this.seenBefore = this.seen;
      this.seen = new Set();
    }
    return false;
  }

  private verifies(signature: Buffer, parts: Buffer[]): boolean {
    if (!this.connection.key) return true;
    const expected = Buffer.from(this.sign(parts));
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }
}
