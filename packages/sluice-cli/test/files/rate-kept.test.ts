// What was used of the limits before a restart counts after it, whatever was saved and whatever the
// limits are then.
import { type ManualClock, manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import type { SavedGate } from "../../src/runner/carry-over.ts";
import { openGate } from "../../src/runner/gate.ts";
import type { JobLimits } from "../../src/runner/job-options.ts";

const signal = new AbortController().signal;

function open(clock: ManualClock, limits: JobLimits | undefined, perWorker?: JobLimits) {
  return openGate({ limits, perWorker, slots: 2, margin: 0, clock });
}

/** How many rows of this worker pass at once. */
async function passing(gate: ReturnType<typeof open>, worker: number): Promise<number> {
  let passed = 0;
  for (let row = 0; row < 40; row += 1) {
    void gate.acquire({ key: `worker ${worker}`, signal }).then(
      () => (passed += 1),
      () => {},
    );
  }
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
  return passed;
}

/** A run in which so many rows of worker 0 passed, as its journal has it. */
async function savedAfter(clock: ManualClock, rows: number, ...limits: [JobLimits?, JobLimits?]) {
  const gate = open(clock, ...(limits as [JobLimits | undefined]));
  for (let row = 0; row < rows; row += 1) await gate.acquire({ key: "worker 0", signal });
  const saved = JSON.parse(JSON.stringify(gate.snapshot())) as SavedGate;
  await gate[Symbol.asyncDispose]();
  return saved;
}

test("rows started since the last checkpoint count, also when there was none", async () => {
  const clock = manualClock();
  const saved = await savedAfter(clock, 0, "10/1m");
  for (const snapshot of [saved, undefined]) {
    const gate = open(clock, "10/1m");
    await gate.restore(snapshot, 7);
    expect(await passing(gate, 0)).toBe(3);
    await gate[Symbol.asyncDispose]();
  }
});

test("under other limits, what was used of the old ones counts as used now", async () => {
  const clock = manualClock();
  const saved = await savedAfter(clock, 8, "10/1m");
  for (const [limits, left] of [
    ["20/1m", 11],
    ["9/1h", 0],
    ["10/1m", 1],
    [["30/1m", "12/1h"], 3],
  ] as const) {
    const gate = open(clock, limits);
    await gate.restore(saved, 1);
    expect(await passing(gate, 1)).toBe(left);
    await gate[Symbol.asyncDispose]();
  }
});

test("what a worker used counts for that worker", async () => {
  const clock = manualClock();
  const saved = await savedAfter(clock, 4, undefined, "5/1m");
  const gate = open(clock, undefined, "6/1m");
  await gate.restore(saved, 0);
  expect([await passing(gate, 0), await passing(gate, 1)]).toEqual([2, 6]);
  await gate[Symbol.asyncDispose]();
});
