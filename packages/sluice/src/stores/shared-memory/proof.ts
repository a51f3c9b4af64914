/**
 * The proof, on the running engine, that swaps on a mapped file are atomic: the language promises that
 * for a SharedArrayBuffer only. Two threads with a mapping each add one, again and again, to the same
 * word by the swaps that the store uses; not one addition may be lost. What has been proved is noted
 * in the file, so that only the first process of each engine spends the time.
 */

import { StoreUnavailableError } from "../../errors.ts";
import { hashText, host } from "./host.ts";
import { type Blocks, PLAIN } from "./blocks.ts";
import { full } from "./full.ts";
import { AT_PROVED, type Memory, UNIT } from "./layout.ts";

/** Additions of each thread: enough for every tier of a compiler. */
const ROUNDS = 30_000;
/** How long the other thread may take to start, in milliseconds. */
const PATIENCE = 10_000;

/** Adds one, `rounds` times. In text it is what the other thread runs. */
function add(words: BigInt64Array, at: number, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    for (;;) {
      const old = Atomics.load(words, at);
      if (Atomics.compareExchange(words, at, old, old + 1n) === old) break;
    }
  }
}

/**
 * @param map - Maps the file in another thread: the text of an expression for its bytes.
 * @throws `STORE_UNAVAILABLE` when an addition was lost.
 */
export function prove(memory: Memory, blocks: Blocks, map: string, what: string): void {
  const { numbers } = memory;
  const engine = hashText(host.engine);
  if (numbers[AT_PROVED] === engine) return;
  if (!host.threads) throw unproved(what, "there is no second thread to try it with");
  // Of all processes that are trying at once, each has a word of its own.
  const block = blocks.take(PLAIN, 2);
  if (block === 0) throw full("the proof that swaps are atomic");
  const at = block * UNIT + 1;
  const { words } = memory;
  const before = Atomics.load(words, at);
  const turn = new Int32Array(new SharedArrayBuffer(8));
  const code = `
    const { workerData: { turn } } = process.getBuiltinModule("node:worker_threads");
    const words = new BigInt64Array(${map});
    const add = ${add.toString()};
    Atomics.store(turn, 0, 1); Atomics.notify(turn, 0);
    while (Atomics.load(turn, 1) === 0);
    add(words, ${at}, ${ROUNDS});
    Atomics.store(turn, 0, 2); Atomics.notify(turn, 0);`;
  const worker = new host.threads.Worker(code, { eval: true, workerData: { turn }, execArgv: [] });
  worker.unref();
  try {
    if (Atomics.wait(turn, 0, 0, PATIENCE) === "timed-out") throw unproved(what, "a thread hangs");
    Atomics.store(turn, 1, 1);
    add(words, at, ROUNDS);
    if (Atomics.wait(turn, 0, 1, PATIENCE) === "timed-out") throw unproved(what, "a thread hangs");
  } finally {
    worker.terminate();
  }
  const lost = before + BigInt(2 * ROUNDS) - Atomics.load(words, at);
  if (lost !== 0n) throw unproved(what, `${lost} of ${2 * ROUNDS} swaps were lost`);
  numbers[AT_PROVED] = engine;
  blocks.give(block);
}

function unproved(what: string, why: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `the shared memory ${what} cannot be used on this engine: swaps must be atomic, and ${why}; use sqlite() instead.`,
  );
}
