/** The first words of a shared memory. Every step may be done by several at once, and again. */

import { StoreCorruptError } from "../../errors.ts";
import { AT_MAGIC, AT_SIZE, AT_UNUSED, type Memory, type Regions, regionsOf } from "./layout.ts";
import { MAGIC, VERSION } from "./layout.ts";
import { generationOf, indexOf, pair } from "./pair.ts";

/**
 * Makes zeros a shared memory, and checks one that is there.
 *
 * @throws `STORE_CORRUPT` when there is something else.
 */
export function setUp(memory: Memory, what: string): Regions {
  const { words, halves } = memory;
  const size = words.length;
  const magic = Atomics.compareExchange(words, AT_MAGIC, 0n, pair(MAGIC, VERSION));
  const sizeWas = Atomics.compareExchange(words, AT_SIZE, 0n, BigInt(size));
  check(magic === 0n ? pair(MAGIC, VERSION) : magic, what);
  if (sizeWas !== 0n && sizeWas !== BigInt(size)) {
    throw new StoreCorruptError(
      `${what} has ${size * 8} bytes, and was made with ${Number(sizeWas) * 8}: it was cut short or copied in part; remove it, and a new one is made.`,
    );
  }
  const regions = regionsOf(size);
  Atomics.compareExchange(halves, AT_UNUSED * 2, 0, regions.firstUnit);
  return regions;
}

/** Whether the first word is that of a shared memory of this version. */
export function check(magic: bigint, what: string): void {
  if (indexOf(magic) !== MAGIC) {
    throw new StoreCorruptError(
      `${what} is not a Sluice memory; give the path of a file that does not exist yet, or a SharedArrayBuffer of zeros.`,
    );
  }
  if (generationOf(magic) !== VERSION) {
    throw new StoreCorruptError(
      `${what} was made by another version of Sluice (layout ${generationOf(magic)}, this one has ${VERSION}); remove it once nobody uses it, or give another path.`,
    );
  }
}
