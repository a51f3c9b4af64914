import { expect, test } from "vitest";
import { CliError } from "../../src/cli-error.ts";
import { first, job, open, settle, sourceOf } from "./bench.ts";

const retry = { retries: 2, backoff: 1_000, maxBackoff: 60_000, random: () => 0.5 };

test("a row that fails is tried again after a pause that doubles, as often as asked", async () => {
  const { run, workers, count, memory, clock } = job(
    () => {
      throw new Error("down");
    },
    { retry, source: sourceOf(first(1)) },
  );
  const running = run();
  await settle();
  expect(workers.starts).toEqual(["0.1"]);
  await clock.advance(499);
  expect(workers.starts).toEqual(["0.1"]);
  await clock.advance(1);
  expect(workers.starts).toEqual(["0.1", "0.2"]);
  await clock.advance(1_000);
  await running;
  expect(workers.starts).toEqual(["0.1", "0.2", "0.3"]);
  expect(count.retries).toEqual([
    [0, 1, 500],
    [0, 2, 1_000],
  ]);
  expect(count).toMatchObject({ started: 3, ended: 3, finished: 1, failed: 1 });
  expect(memory.results).toEqual(["down"]);
});

test("a row that waits to be tried again holds no lane", async () => {
  const { run, memory, clock } = job(
    ({ index }, attempt) => {
      if (index === 0 && attempt === 1) throw new Error("once");
      return index;
    },
    { retry, concurrency: 1, source: sourceOf(first(5)) },
  );
  const running = run();
  await settle();
  expect(memory.indexes).toEqual([1, 2, 3, 4]);
  await clock.advance(500);
  await running;
  expect(memory.results).toEqual([0, 1, 2, 3, 4]);
});

test("a row that is due goes before a new one, and does not wait for the input", async () => {
  const silent = (async function* () {
    yield* first(1);
    await new Promise(() => {});
  })();
  const source = { [Symbol.asyncIterator]: () => silent, close: () => {} };
  const { run, memory, clock } = job(
    (_row, attempt) => {
      if (attempt === 1) throw new Error("once");
      return "well";
    },
    { retry, source },
  );
  void run();
  await settle();
  await clock.advance(500);
  await settle();
  expect(memory.results).toEqual(["well"]);
});

test("each attempt waits at the gate and pays again", async () => {
  let admitted = 0;
  const gate = {
    ...open,
    acquire: async () => {
      admitted += 1;
      return { waited: 0, release: () => {} };
    },
  };
  const fail = () => Promise.reject(new Error("down"));
  const { run, clock } = job(fail, { retry, gate, source: sourceOf(first(1)) });
  const running = run();
  await settle();
  await clock.advance("5s");
  await running;
  expect(admitted).toBe(3);
});

test("Retry-After closes the gate, and the row comes back after it", async () => {
  const pauses: number[] = [];
  const gate = { ...open, pause: (ms: number) => void pauses.push(ms) };
  const { run, workers, clock } = job(
    (_row, attempt) => {
      if (attempt === 1) throw Object.assign(new Error("slow down"), { retryAfter: 7_000 });
    },
    { retry, gate, source: sourceOf(first(1)) },
  );
  const running = run();
  await settle();
  expect(pauses).toEqual([7_000]);
  await clock.advance(6_999);
  expect(workers.starts).toEqual(["0.1"]);
  await clock.advance(1);
  await running;
  expect(workers.starts).toEqual(["0.1", "0.2"]);
});

test("rows in a pause count as in hand: no more than `ahead` are read", async () => {
  const fail = () => Promise.reject(new Error("down"));
  const { run, count, stop } = job(fail, { retry, source: sourceOf(first(50)), ahead: 8 });
  const running = run();
  await settle();
  expect(count.read).toBe(8);
  stop.stop();
  await running;
});

test("stop: rows that wait to be tried again are left, and no timer stays", async () => {
  const fail = () => Promise.reject(new Error("down"));
  const { run, memory, clock, stop } = job(fail, { retry, source: sourceOf(first(2)) });
  const running = run();
  await settle();
  stop.stop();
  await running;
  expect(memory.skipped.toSorted()).toEqual([0, 1]);
  expect(memory.records).toEqual([]);
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("stop: a row that fails with attempts left is left too, for a later run to try", async () => {
  const fails: ((error: Error) => void)[] = [];
  const call = ({ index }: { index: number }) =>
    new Promise((_resolve, reject) => {
      fails[index] = reject;
    });
  const { run, memory, count, stop } = job(call, { retry, source: sourceOf(first(2)) });
  const running = run();
  await settle();
  stop.stop();
  fails[0]!(new CliError("RESULT_UNSERIALISABLE", "final"));
  fails[1]!(new Error("for now"));
  await running;
  expect([memory.results, memory.skipped]).toEqual([["RESULT_UNSERIALISABLE"], [1]]);
  expect(count).toMatchObject({ finished: 1, retries: [] });
});
