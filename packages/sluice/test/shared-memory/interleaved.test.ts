// Two steps in two threads, each stopped before any of its atomic operations while the other goes on:
// neither is broken into by a whole step only, as in interleaving.test.ts.
import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { memoryOver } from "../../src/stores/shared-memory/layout.ts";
import type { Answer } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { build } from "./built-hammer.ts";
import { census } from "./census.ts";
import { type Given, replay } from "./replay.ts";
import { ALLOWED, ask, AT, BEGUN, CONTROL_BYTES, FIRST, planOf, THEN } from "./scene.ts";
import { LIMITS, READY, SCENE, type Scene } from "./scene.ts";
import { interposed, threadOver } from "./threads-of-one.ts";

const { load, store } = Atomics;
const program = build("stepped");
const shared = new SharedArrayBuffer(CONTROL_BYTES);
const control = new Int32Array(shared);
const answers = new Float64Array(shared);
const worker = new Worker(program, { workerData: shared });
let scenes = 0;

function begin(scene: Scene | null): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  worker.postMessage(scene);
  tell(SCENE, ++scenes);
}

afterAll(async () => {
  begin(null);
  await worker.terminate();
  rmSync(program);
});

function tell(at: number, value: number): void {
  store(control, at, value);
  Atomics.notify(control, at);
}

function wait(at: number, until: (value: number) => boolean): number {
  for (;;) {
    const value = load(control, at);
    if (until(value)) return value;
    if (Atomics.wait(control, at, value, 30_000) === "timed-out") throw new Error("It hangs.");
  }
}

interface Schedule {
  readonly limits: keyof typeof LIMITS;
  /** How often the key was asked for before. */
  readonly warm: number;
  /** For how many this thread asks in its step. */
  readonly times: number;
  /** Before its operation `mine` this thread stops until the other stands before its `theirs`. */
  readonly mine: number;
  readonly theirs: number;
}

/** Plays and judges a schedule; says which of the two had so many operations. */
function play({ limits, warm, times, mine, theirs }: Schedule): [mine: boolean, theirs: boolean] {
  const memory = new SharedArrayBuffer(65_536);
  const clock = manualClock({ now: 1_000_000, wall: Date.UTC(2026, 0, 1) });
  const one = threadOver(memoryOver(memory), clock);
  const plan = planOf(limits);
  const given: Given[] = [];
  const note = (each: Answer): void => {
    for (let i = 0; i < each.admitted; i++) {
      const [instants, tickets] = [[each.instants[i]!], [each.tickets[i]!]];
      given.push({ answer: { now: each.now, instants, tickets }, units: 1 });
    }
  };
  for (let i = 0; i < warm; i++) {
    // The other knows the key before the last record is written: it is as warm as this one.
    if (i === 1) {
      store(control, ALLOWED, 0);
      store(control, AT, 0);
      const again = clock.wall() + 10 * (warm - 1);
      begin({ memory, limits, first: clock.wall(), again });
      wait(READY, (scene) => scene === scenes);
    }
    note(ask(one, plan));
    clock.block(10);
  }
  let reached: [boolean, boolean] = [false, false];
  let calls = 0;
  interposed(
    () => {
      // Before each operation, not after it.
      if (calls++ !== 2 * mine) return;
      reached = [true, run(theirs)];
    },
    () => note(ask(one, plan, times)),
  );
  run(1_000);
  for (const at of [FIRST, THEN]) {
    const [admitted, now = 0, instant = 0, ticket = 0] = answers.slice(at);
    if (admitted === 1)
      given.push({ answer: { now, instants: [instant], tickets: [ticket] }, units: 1 });
  }
  const late = threadOver(memoryOver(memory), clock);
  for (let i = 0; i < 20; i++) {
    note(ask(i % 2 === 0 ? one : late, plan));
    clock.block(i % 3);
  }
  replay(plan, given);
  expect(new Set(given.map(({ answer }) => answer.tickets[0])).size).toBe(given.length);
  expect(given.length).toBeGreaterThan(warm);
  expect(census(memoryOver(memory), [one, late]).twice).toEqual([]);
  return reached;
}

/** Lets the other thread go on until it stands before an operation; false when it has none such. */
function run(until: number): boolean {
  tell(ALLOWED, until);
  tell(BEGUN, scenes);
  return wait(AT, (at) => at === -1 || at >= until) !== -1;
}

const names = Object.keys(LIMITS) as (keyof typeof LIMITS)[];
// A tail with room, one that is full, and the one after it.
const cases = names.flatMap((limits) =>
  [5, 33, 34].flatMap((warm) => [1, 2].map((times) => ({ limits, warm, times }))),
);

test.each(cases)("$limits after $warm, $times at once: two steps meet anywhere", (each) => {
  let most = 0;
  for (let [mine, more] = [0, true]; more; mine++) {
    for (let theirs = 0; ; theirs++) {
      const [reached, both] = play({ ...each, mine, theirs });
      more = reached;
      most = Math.max(most, theirs);
      if (!both) break;
    }
  }
  expect(most).toBeGreaterThan(0);
});
