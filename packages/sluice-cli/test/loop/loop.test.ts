import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { CliError } from "../../src/cli-error.ts";
import { OrderedSink } from "../../src/output/ordered-sink.ts";
import { ListenerSink } from "../../src/runner/listener-sink.ts";
import type { ResultSink } from "../../src/runner/parts.ts";
import { endless, first, job, Memory, open, settle, sourceOf } from "./bench.ts";

const never = () => new Promise(() => {});

test("runs every row once, never more at once than asked", async () => {
  let running = 0;
  let most = 0;
  const { run, memory, count } = job(async ({ value }) => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
    return Number(value) * 2;
  });
  await run();
  expect(most).toBe(3);
  expect(memory.results).toEqual([...first(10)].map(({ index }) => index * 2));
  expect(count).toMatchObject({ read: 10, started: 10, finished: 10, failed: 0, inputEnded: true });
});

test("every slot has lanes of its own, and its rows pay under its key", async () => {
  const keys: string[] = [];
  const gate = {
    ...open,
    acquire: async ({ key }: { key: string }) => {
      keys.push(key);
      return { waited: 0, release: () => {} };
    },
  };
  const { run, workers } = job(never, { gate, source: sourceOf(endless()) }, 2);
  void run();
  await settle();
  expect([workers.running(0).length, workers.running(1).length]).toEqual([3, 3]);
  expect(keys.toSorted()).toEqual([...Array(3).fill("worker 0"), ...Array(3).fill("worker 1")]);
});

test("failed and unreadable rows are results, and the job goes on", async () => {
  const problem = new CliError("ROW_INVALID", "line 2 is not JSON.");
  const rows = [...first(3)].map((row) => (row.index === 1 ? { ...row, problem } : row));
  const { run, memory, count } = job(
    ({ value }) => {
      if (value === 0) throw new Error("zero");
      return value;
    },
    { source: sourceOf(rows), concurrency: 1 },
  );
  await run();
  expect(memory.results).toEqual(["zero", "ROW_INVALID", 2]);
  expect(count).toMatchObject({ read: 3, started: 2, finished: 2, failed: 1, unreadable: 1 });
});

test("no rows at all", async () => {
  const { run, count } = job(never, { source: sourceOf([]) });
  await run();
  expect(count).toMatchObject({ read: 0, inputEnded: true });
});

test("reads no further ahead than it runs, however long the input", async () => {
  let made = 0;
  const rows = (function* () {
    for (const row of endless()) {
      made += 1;
      yield row;
    }
  })();
  const { run, stop } = job(never, { source: sourceOf(rows) });
  const running = run();
  await settle();
  expect(made).toBe(3);
  stop.abort();
  await running;
});

test("an output that takes nothing holds the input up, at `ahead` rows", async () => {
  const stuck: ResultSink = Object.assign(new Memory(), { write: never });
  const { run, count, stop } = job(({ value }) => value, {
    source: sourceOf(endless()),
    sink: stuck,
    ahead: 7,
  });
  const running = run();
  await settle();
  expect(count).toMatchObject({ read: 7, started: 7, finished: 0 });
  stop.abort();
  await running;
});

test("ordered: a slow row holds back the results of others, not their runs, up to `ahead`", async () => {
  let finish = (): void => {};
  const memory = new Memory();
  const { run, count, stop } = job(
    ({ index }) => (index === 0 ? new Promise<void>((resolve) => (finish = resolve)) : undefined),
    { source: sourceOf(first(50)), sink: new OrderedSink(memory), ahead: 20 },
  );
  const running = run();
  await settle();
  expect(count).toMatchObject({ read: 20, started: 20, finished: 0 });
  finish();
  await running;
  expect(memory.indexes).toEqual([...first(50)].map(({ index }) => index));
  expect(stop.stopping.aborted).toBe(false);
});

test("a slot is released whatever the row does", async () => {
  let held = 0;
  const gate = {
    ...open,
    acquire: async () => {
      held += 1;
      return { waited: 0, release: () => (held -= 1) };
    },
  };
  const { run } = job(
    ({ value }) => {
      if (Number(value) % 2 === 0) throw new Error("even");
    },
    { gate },
  );
  await run();
  expect(held).toBe(0);
});

test("stop: no row starts any more, what runs is finished and written", async () => {
  const finish: (() => void)[] = [];
  const { run, memory, count, stop } = job(
    () => new Promise<void>((resolve) => finish.push(resolve)),
    { source: sourceOf(endless()) },
  );
  const running = run();
  await settle();
  stop.stop();
  stop.stop();
  for (const end of finish) end();
  await running;
  expect(memory.indexes).toEqual([0, 1, 2]);
  expect(count).toMatchObject({ read: 3, started: 3, finished: 3, inputEnded: false });
});

test("stop: rows that wait at the gate are let go, and said to be left", async () => {
  const gate = {
    ...open,
    acquire: ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
  };
  const { run, count, memory, stop } = job(({ value }) => value, { gate });
  const running = run();
  await settle();
  stop.stop();
  await running;
  expect(count).toMatchObject({ read: 3, started: 0 });
  expect(memory.skipped.toSorted()).toEqual([0, 1, 2]);
});

test("abort: the workers are told, and nobody waits for their rows", async () => {
  const { run, memory, count, stop, workers } = job(never);
  const running = run();
  await settle();
  stop.abort();
  await running;
  expect(workers.aborted).toBe(stop.aborting.reason);
  expect(memory.records).toEqual([]);
  expect(count).toMatchObject({ started: 3, finished: 0 });
});

test("what was read before the input broke is run, though it still waits at the gate", async () => {
  const gate = {
    ...open,
    acquire: async ({ signal }: { signal: AbortSignal }) => {
      await settle();
      signal.throwIfAborted();
      return { waited: 0, release: () => {} };
    },
  };
  const broken = function* () {
    yield* first(5);
    throw new Error("cut off");
  };
  const { run, memory } = job(({ value }) => value, { gate, source: sourceOf(broken()) });
  await expect(run()).rejects.toThrow("cut off");
  expect(memory.results).toEqual([0, 1, 2, 3, 4]);
});

test("an iterator that throws ends the job after the rows that run", async () => {
  const rows = (function* () {
    yield* first(2);
    throw new Error("the iterator broke");
  })();
  const { run, memory } = job(({ value }) => value, { source: sourceOf(rows) });
  await expect(run()).rejects.toThrow("the iterator broke");
  expect(memory.indexes).toEqual([0, 1]);
});

test("an output that fails ends the job, with the first error", async () => {
  let writes = 0;
  const sink = Object.assign(new Memory(), {
    write: async () => {
      writes += 1;
      if (writes > 2) throw new Error(`full at ${writes}`);
      return false;
    },
  });
  const { run } = job(({ value }) => value, { source: sourceOf(endless()), sink });
  await expect(run()).rejects.toThrow("full at 3");
});

test("a gate that fails ends the job", async () => {
  const gate = { ...open, acquire: () => Promise.reject(new Error("no budget")) };
  const { run } = job(({ value }) => value, { gate });
  await expect(run()).rejects.toThrow("no budget");
});

test("onError stop: the first row that fails ends the job, which is no failure of it", async () => {
  const { run, memory, count } = job(
    ({ index }) => {
      if (index === 4) throw new Error("four");
      return index;
    },
    { source: sourceOf(endless()), concurrency: 1, onError: "stop" },
  );
  await run();
  expect(memory.results.slice(0, 5)).toEqual([0, 1, 2, 3, "four"]);
  expect(count.started).toBeLessThanOrEqual(6);
});

test("ordered: a stop in the middle leaves nothing waiting for a row that never ran", async () => {
  const memory = new Memory();
  const problem = new CliError("ROW_INVALID", "bad.");
  let admitted = 0;
  const gate = {
    ...open,
    acquire: ({ signal }: { signal: AbortSignal }) => {
      admitted += 1;
      if (admitted === 1) return Promise.resolve({ waited: 0, release: () => {} });
      return new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    },
  };
  const rows = [...first(3)].map((row) => (row.index === 2 ? { ...row, problem } : row));
  const source = sourceOf(rows);
  const { run, stop } = job(({ value }) => value, { source, gate, sink: new OrderedSink(memory) });
  const running = run();
  await settle();
  expect(memory.indexes).toEqual([0]); // row 2 is held, for row 1 still waits for its turn
  stop.stop();
  await running;
  expect(memory.indexes).toEqual([0, 2]);
});

test("ordered: what a later run will write is not counted, and no listener is told of it", async () => {
  const memory = new Memory();
  const ordered = new OrderedSink(memory, { done: [], resumable: true });
  const told: number[] = [];
  const sink = new ListenerSink(ordered, ({ index }) => void told.push(index));
  const call = ({ index }: { index: number }) => (index === 1 ? never() : index);
  const { run, count, stop } = job(call, { sink });
  const running = run();
  await settle();
  expect([memory.indexes, told]).toEqual([[0], [0]]);
  stop.abort();
  await running;
  await sink.close();
  await settle();
  expect([memory.indexes, told]).toEqual([[0], [0]]);
  expect(count).toMatchObject({ started: 10, finished: 1 });
});

test("tells the workers when no other row will come to help those that run", async () => {
  const { run, workers, stop } = job(({ index }) => (index === 3 ? never() : index));
  const running = run();
  await settle();
  expect(workers.running()).toEqual([3]);
  expect(workers.exhaustions).toBeGreaterThan(0);
  stop.abort();
  await running;
});

test("the journal is told of a row before the worker has it", async () => {
  const steps: string[] = [];
  const journal = { started: (rows: number) => void steps.push(`started ${rows}`) };
  const call = ({ index }: { index: number }) => void steps.push(`row ${index}`);
  const { run } = job(call, { journal, source: sourceOf(first(2)), concurrency: 1 });
  await run();
  expect(steps).toEqual(["started 1", "row 0", "started 1", "row 1"]);
});
