/**
 * Unpacks gzip members one by one. Node's own gunzip gives out nothing of a piece in which a member
 * ends and something that is not gzip follows.
 */

import { crc32, createInflateRaw } from "node:zlib";

/** Flags of a header: what follows its first ten bytes. */
const SUM = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;

const FIXED = 10;
const TRAILER = 8;
/** Bytes: a longer header is taken for damage. */
const LONGEST_HEADER = 1_048_576;

const NOTHING: Uint8Array = new Uint8Array();

export class GzipMembers {
  #phase: "header" | "body" | "trailer" | "padding" = "header";
  /** Of a header or a trailer that is not whole yet. */
  #held: Uint8Array = NOTHING;
  #body: Body | undefined;
  #out: Uint8Array[] = [];

  /** Resolves when the piece is unpacked, to what is wrong with it. */
  async feed(piece: Uint8Array): Promise<Error | undefined> {
    try {
      for (let rest = piece; rest.length > 0;) rest = await this.#step(rest);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** Whether the input may end here. */
  get isWhole(): boolean {
    return this.#phase === "padding" || (this.#phase === "header" && this.#held.length === 0);
  }

  /** What was unpacked since the last call. */
  take(): Uint8Array[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** Goes on with a piece, and returns what is left of it. */
  async #step(bytes: Uint8Array): Promise<Uint8Array> {
    switch (this.#phase) {
      case "header":
        return this.#header(bytes);
      case "body": {
        const { out, left } = await this.#body!.feed(bytes);
        this.#out.push(...out);
        if (left.length === 0) return left;
        this.#body!.end();
        this.#phase = "trailer";
        return left;
      }
      case "trailer":
        return this.#trailer(bytes);
      case "padding":
        if (bytes.every((byte) => byte === 0)) return NOTHING;
        throw new Error("zeros, and then something else");
    }
  }

  #header(bytes: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.#held, bytes]);
    if (this.#body && all[0] === 0) {
      this.#phase = "padding";
      return bytes;
    }
    const length = headerLength(all);
    this.#held = length > all.length ? all : NOTHING;
    if (length > all.length) return NOTHING;
    this.#body = new Body();
    this.#phase = "body";
    return all.subarray(length);
  }

  #trailer(bytes: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.#held, bytes]);
    this.#held = all.length < TRAILER ? all : NOTHING;
    if (all.length < TRAILER) return NOTHING;
    const { sum, size } = this.#body!;
    if (all.readUInt32LE(0) !== sum) throw new Error("incorrect data check");
    if (all.readUInt32LE(4) !== size % 2 ** 32) throw new Error("incorrect length check");
    this.#phase = "header";
    return all.subarray(TRAILER);
  }
}

/** How long the header is at the least, as far as it is there. */
function headerLength(bytes: Buffer): number {
  const [first, second = 0x8b, method = 8, flags = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b) throw new Error("incorrect header check");
  if (method !== 8) throw new Error("unknown compression method");
  if (bytes.length > LONGEST_HEADER) throw new Error("endless header");
  let length = FIXED;
  if (flags & EXTRA) {
    length += 2;
    if (bytes.length < length) return length;
    length += bytes.readUInt16LE(FIXED);
  }
  for (const text of [NAME, COMMENT]) {
    if (!(flags & text)) continue;
    const end = bytes.indexOf(0, length);
    if (end < 0) return bytes.length + 1;
    length = end + 1;
  }
  return flags & SUM ? length + 2 : length;
}

/** The compressed part of one member. */
class Body {
  readonly #inflate = createInflateRaw();
  #out: Uint8Array[] = [];
  /** After an error zlib never calls back. */
  #fail: (error: Error) => void = () => {};
  sum = 0;
  size = 0;

  constructor() {
    this.#inflate.on("data", (piece: Uint8Array) => this.#out.push(piece));
    this.#inflate.on("error", (error) => this.#fail(error));
  }

  /** Gives its memory back: a file may have a million members. */
  end(): void {
    this.#inflate.destroy();
  }

  /** What comes out of the piece, and what of it is behind the end. */
  feed(piece: Uint8Array): Promise<{ out: readonly Uint8Array[]; left: Uint8Array }> {
    const before = this.#inflate.bytesWritten;
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#inflate.write(piece, () => {
        const out = this.#out;
        this.#out = [];
        for (const each of out) {
          this.sum = crc32(each, this.sum);
          this.size += each.length;
        }
        resolve({ out, left: piece.subarray(this.#inflate.bytesWritten - before) });
      });
    });
  }
}
