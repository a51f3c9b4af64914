/**
 * Where things are in the shared bytes. Everything is counted in words of 8 bytes:
 *
 *     header | heads of the free lists | buckets | rows | blocks …
 *
 * A **block** is a piece of memory of a power of two times 8 words, named by its index in units of
 * 8 words; it keeps its size and kind for ever, so that a stopped reader finds numbers of the same
 * kind there. A **row** is one budget: a word that names the block of its record, with a generation.
 * A **bucket** names the block that lists the rows whose keys have the same hash.
 */

/** Three views of the same bytes. */
export interface Memory {
  /** For swaps. */
  readonly words: BigInt64Array;
  /** For what is private or immutable. */
  readonly numbers: Float64Array;
  /** For texts, and for counters of 32 bits: two a word. */
  readonly halves: Int32Array;
  readonly units: Uint16Array;
}

/** "Slui", and the version of this layout. */
export const MAGIC = 0x536c7569;
export const VERSION = 3;

export const AT_MAGIC = 0;
/** Words in all. */
export const AT_SIZE = 1;
/** The block that tells the epoch on the host's clock. */
export const AT_EPOCH = 2;
/** Rises with each row that is made, and never falls below a ticket of one that was forgotten. */
export const AT_STAMP = 3;
/** The first unit that no block has taken (low half), and how many rows were ever used (high). */
export const AT_UNUSED = 4;
export const AT_FREE_ROWS = 5;
/** The newest description of a row's states; each names the one before it. */
export const AT_SHAPES = 6;
/** Where the look for idle rows goes on. */
export const AT_HAND = 7;
/** For which engine swaps were proved to be atomic. */
export const AT_PROVED = 8;
/** One word for each class of blocks: no more than there is room for before the members. */
export const AT_FREE_BLOCKS = 16;
/** Which processes take part: who, and where its purse is. */
export const AT_MEMBERS = 128;
export const MEMBERS = 256;
const AT_BUCKETS: number = AT_MEMBERS + 2 * MEMBERS;

/** Words in a unit. */
export const UNIT = 8;
/** Sizes of blocks: 8 words times 2 to the power of 0 … 23. */
export const SIZES = 24;

/** Where the parts begin that depend on the size. */
export interface Regions {
  readonly buckets: number;
  readonly bucketCount: number;
  readonly rows: number;
  readonly rowCount: number;
  /** The first and the last unit for blocks. */
  readonly firstUnit: number;
  readonly endUnit: number;
}

/** One bucket for 64 words of memory, and one row for 32: a row, its key and record take more. */
export function regionsOf(size: number): Regions {
  let bucketCount = 64;
  while (bucketCount * 128 <= size) bucketCount *= 2;
  // A bucket names a row in 21 bits.
  const rowCount = Math.min(Math.floor(size / 32), 2 ** 21 - 1);
  const rows = AT_BUCKETS + bucketCount;
  const firstUnit = Math.ceil((rows + 2 * rowCount) / UNIT);
  const endUnit = Math.floor(size / UNIT);
  return { buckets: AT_BUCKETS, bucketCount, rows, rowCount, firstUnit, endUnit };
}

/** The least memory that is of use, in bytes. */
export const LEAST_BYTES = 65_536;

export function memoryOver(buffer: ArrayBufferLike): Memory {
  const bytes = buffer.byteLength - (buffer.byteLength % (UNIT * 8));
  return {
    words: new BigInt64Array(buffer, 0, bytes / 8),
    numbers: new Float64Array(buffer, 0, bytes / 8),
    halves: new Int32Array(buffer, 0, bytes / 4),
    units: new Uint16Array(buffer, 0, bytes / 2),
  };
}
