import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { openGate } from "./gate.ts";

const base = { slots: 2, margin: 0, limits: undefined, perWorker: undefined };
const { signal } = new AbortController();

async function admitted(gate: ReturnType<typeof openGate>, asks: string[]): Promise<string[]> {
  const passed: string[] = [];
  for (const key of asks) void gate.acquire({ key, signal }).then(() => passed.push(key));
  await new Promise((resolve) => setImmediate(resolve));
  return passed;
}

test("limits over all workers and in each hold together", async () => {
  const gate = openGate({ ...base, limits: "3/1s", perWorker: "2/1s", clock: manualClock() });
  const asks = ["worker 0", "worker 0", "worker 0", "worker 1", "worker 1"];
  expect(await admitted(gate, asks)).toEqual(["worker 0", "worker 0", "worker 1"]);
  expect(gate.allowed).toBe("3/1s, 2/1s per worker");
  expect(gate.binding(0)).toBeDefined();
});

test("a rate that does not divide by the number of workers is exact", async () => {
  const clock = manualClock();
  const gate = openGate({ ...base, slots: 4, limits: "7/1s", clock });
  const asks = Array.from({ length: 20 }, (_, n) => `worker ${n % 4}`);
  const passed: string[] = [];
  for (const key of asks) void gate.acquire({ key, signal }).then(() => passed.push(key));
  await clock.advance(0);
  expect(passed).toHaveLength(7);
  await clock.advance("1s");
  expect(passed).toHaveLength(14);
});

test.each([
  ["nothing", undefined, "RATE_MISSING"],
  ["an empty list", [], "RATE_MISSING"],
  ["blocked", "blocked", "RATE_BLOCKED"],
  ["zero", "0/1s", "INVALID_OPTION"],
] as const)("limits that are %s", (_what, limits, code) => {
  const open = () => openGate({ ...base, limits: limits as never, clock: manualClock() });
  expect(open).toThrow(expect.objectContaining({ code }));
});

test("what was started after the snapshot is charged when the job goes on", async () => {
  const clock = manualClock();
  const before = openGate({ ...base, limits: "10/1m", perWorker: "8/1m", clock });
  await admitted(before, ["worker 0", "worker 0"]);
  const snapshot = before.snapshot();
  const after = openGate({ ...base, limits: "10/1m", perWorker: "8/1m", clock });
  await after.restore(snapshot, 5);
  // 2 + 5 of 10 are used over all; each worker has paid for the 5, worker 0 for its 2 as well.
  expect(await admitted(after, Array(9).fill("worker 0"))).toHaveLength(1);
  expect(await admitted(after, Array(9).fill("worker 1"))).toHaveLength(2);
});

test("limits that were changed since take nothing over but what was started since", async () => {
  const clock = manualClock();
  const before = openGate({ ...base, limits: "10/1m", clock });
  await admitted(before, ["worker 0", "worker 0"]);
  const after = openGate({ ...base, limits: "20/1m", clock });
  await after.restore(before.snapshot(), 5);
  expect((await admitted(after, Array(30).fill("worker 0"))).length).toBeLessThanOrEqual(15);
});
