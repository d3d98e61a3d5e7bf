// Messages in protobuf's wire format. What is large is read only when it is written.

/** Bytes that are there when they are asked for. */
export interface Lazy {
  bytes: number;
  read: () => Uint8Array;
}

const VARINT = 0;
const DELIMITED = 2;
const FIXED32 = 5;

function varint(value: number): number[] {
  // 64 bits in two's complement, seven at a time
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
}

export class Message {
  private readonly parts: Array<Uint8Array | Lazy | Message> = [];
  /** Length of the message. */
  bytes = 0;

  private add(part: Uint8Array | Lazy | Message): void {
    this.parts.push(part);
    this.bytes += part instanceof Uint8Array ? part.length : part.bytes;
  }
  private key(field: number, type: number, ...more: number[]): void {
    this.add(Uint8Array.from([...varint((field << 3) | type), ...more]));
  }
  private delimited(field: number, part: Uint8Array | Lazy | Message): this {
    const length = part instanceof Uint8Array ? part.length : part.bytes;
    this.key(field, DELIMITED, ...varint(length));
    this.add(part);
    return this;
  }

  int(field: number, ...values: number[]): this {
    for (const value of values) this.key(field, VARINT, ...varint(value));
    return this;
  }
  float(field: number, value: number): this {
    this.key(field, FIXED32, ...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }
  text(field: number, ...values: string[]): this {
    for (const value of values) this.delimited(field, Buffer.from(value));
    return this;
  }
  data(field: number, value: Lazy): this {
    return this.delimited(field, value);
  }
  /** Messages that are complete: what is added to them later is lost. */
  message(field: number, ...values: Message[]): this {
    for (const value of values) this.delimited(field, value);
    return this;
  }

  /** The message, piece by piece: none of them much larger than a tensor. */
  *chunks(): Generator<Uint8Array> {
    let small: Uint8Array[] = [];
    for (const piece of this.pieces()) {
      if (piece.length < SMALL) small.push(piece);
      if (piece.length < SMALL && small.length < MANY) continue;
      if (small.length) yield Buffer.concat(small);
      small = [];
      if (piece.length >= SMALL) yield piece;
    }
    if (small.length) yield Buffer.concat(small);
  }
  private *pieces(): Generator<Uint8Array> {
    for (const part of this.parts)
      if (part instanceof Uint8Array) yield part;
      else if (part instanceof Message) yield* part.pieces();
      else yield part.read();
  }
}

/** Pieces of fewer bytes are given together, at most so many of them. */
const SMALL = 2 ** 14;
const MANY = 1000;
