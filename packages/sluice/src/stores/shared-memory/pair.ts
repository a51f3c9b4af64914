/** Two halves of 32 bits as one word of 64: what a swap puts into place. */

const halves = new Int32Array(2);
const whole = new BigInt64Array(halves.buffer);

/** The word of an index and a generation. */
export function pair(index: number, generation: number): bigint {
  halves[0] = index;
  halves[1] = generation;
  return whole[0]!;
}

export function indexOf(word: bigint): number {
  whole[0] = word;
  return halves[0]!;
}

/** Names another index in a generation that was never there before: wraps after 2^32 swaps. */
export function next(word: bigint, index: number): bigint {
  whole[0] = word;
  halves[0] = index;
  halves[1] = halves[1]! + 1;
  return whole[0]!;
}

export function generationOf(word: bigint): number {
  whole[0] = word;
  return halves[1]!;
}
