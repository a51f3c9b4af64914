import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { OrderedSink } from "../output/ordered-sink.ts";
import { InProcessExecutor } from "./in-process-executor.ts";
import type { JobFunction } from "./job-function.ts";
import { type JobParts, runLoop } from "./loop.ts";
import type { BadRow, JobObserver, ResultRecord, ResultSink, Row, RowSource } from "./parts.ts";
import { StopControl } from "./stop-control.ts";

class Memory implements ResultSink {
  readonly lines: string[] = [];
  async write({ json }: ResultRecord): Promise<void> {
    this.lines.push(json);
  }
  skip(): void {}
  async close(): Promise<void> {}
}

class Count implements JobObserver {
  read = 0;
  started = 0;
  finished = 0;
  failed = 0;
  unreadable = 0;
  ended = false;
  onRead = (): void => void (this.read += 1);
  onStarted = (): void => void (this.started += 1);
  onFinished = (failed: boolean): void => {
    this.finished += 1;
    if (failed) this.failed += 1;
  };
  onUnreadable = (): void => void (this.unreadable += 1);
  onInputEnd = (): void => void (this.ended = true);
}

function sourceOf(rows: Iterable<Row | BadRow>): RowSource {
  let closed = false;
  return {
    async *[Symbol.asyncIterator]() {
      for (const row of rows) {
        if (closed) return;
        yield row;
      }
    },
    close: () => {
      closed = true;
    },
  };
}

function* endless(): Generator<Row> {
  for (let index = 0; ; index += 1) yield { index, line: index + 1, value: index };
}

function* first(count: number): Generator<Row> {
  for (const row of endless()) {
    if (row.index === count) return;
    yield row;
  }
}

const open = { acquire: async () => ({ waited: 0, release: () => {} }) };

function job(run: JobFunction, parts: Partial<JobParts> = {}) {
  const memory = new Memory();
  const count = new Count();
  const stop = new StopControl();
  const executor = new InProcessExecutor(run);
  const base = { source: sourceOf(first(10)), gate: open, sink: memory, concurrency: 3 };
  return { memory, count, stop, parts: { ...base, executor, observer: count, stop, ...parts } };
}

/** Lets everything happen that does not wait for a clock. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

test("runs every row once, never more at once than asked", async () => {
  let running = 0;
  let most = 0;
  const { parts, memory, count } = job(async (value) => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
    return Number(value) * 2;
  });
  await runLoop(parts);
  expect(most).toBe(3);
  expect(memory.lines.toSorted()).toEqual(
    [...first(10)].map(({ index }) => `{"index":${index},"value":${index * 2}}`),
  );
  expect(count).toMatchObject({ read: 10, started: 10, finished: 10, failed: 0, ended: true });
});

test("failed and unreadable rows are results, and the job goes on", async () => {
  const problem = new CliError("ROW_INVALID", "line 2 is not JSON.");
  const rows = [...first(3)].map((row) => (row.index === 1 ? { ...row, problem } : row));
  const { parts, memory, count } = job(
    (value) => {
      if (value === 0) throw new Error("zero");
      return value;
    },
    { source: sourceOf(rows), concurrency: 1 },
  );
  await runLoop(parts);
  expect(memory.lines).toEqual([
    '{"index":0,"error":{"name":"Error","message":"zero"}}',
    '{"index":1,"error":{"name":"CliError","message":"line 2 is not JSON.","code":"ROW_INVALID"}}',
    '{"index":2,"value":2}',
  ]);
  expect(count).toMatchObject({ read: 3, started: 2, finished: 2, failed: 1, unreadable: 1 });
});

test("reads no further ahead than it runs, however long the input", async () => {
  let made = 0;
  const rows = (function* () {
    for (const row of endless()) {
      made += 1;
      yield row;
    }
  })();
  const { parts, stop } = job(() => new Promise(() => {}), { source: sourceOf(rows) });
  const running = runLoop(parts);
  await settle();
  expect(made).toBe(3);
  stop.abort();
  await running;
});

test("an output that takes nothing holds the input up", async () => {
  const stuck: ResultSink = {
    write: () => new Promise(() => {}),
    skip: () => {},
    close: async () => {},
  };
  const { parts, count, stop } = job((value) => value, {
    source: sourceOf(endless()),
    sink: stuck,
  });
  const running = runLoop(parts);
  await settle();
  expect(count).toMatchObject({ read: 3, started: 3, finished: 0 });
  stop.abort();
  await running;
});

test("a slot is released whatever the row does", async () => {
  let held = 0;
  const gate = {
    acquire: async () => {
      held += 1;
      return { waited: 0, release: () => (held -= 1) };
    },
  };
  const { parts } = job(
    (value) => {
      if (Number(value) % 2 === 0) throw new Error("even");
    },
    { gate },
  );
  await runLoop(parts);
  expect(held).toBe(0);
});

test("stop: no row starts any more, what runs is finished and written", async () => {
  const finish: (() => void)[] = [];
  const { parts, memory, count, stop } = job(
    () => new Promise<void>((resolve) => finish.push(resolve)),
    { source: sourceOf(endless()) },
  );
  const running = runLoop(parts);
  await settle();
  stop.stop();
  stop.stop();
  for (const end of finish) end();
  await running;
  expect(memory.lines).toHaveLength(3);
  expect(count).toMatchObject({ read: 3, started: 3, finished: 3, ended: false });
});

test("stop: rows that wait at the gate are let go", async () => {
  const gate = {
    acquire: ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
  };
  const { parts, count, stop } = job((value) => value, { gate });
  const running = runLoop(parts);
  await settle();
  stop.stop();
  await running;
  expect(count).toMatchObject({ read: 3, started: 0 });
});

test("abort: the signals of running rows abort, and nobody waits for them", async () => {
  const signals: AbortSignal[] = [];
  const { parts, memory, count, stop } = job((_value, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const running = runLoop(parts);
  await settle();
  stop.abort();
  await running;
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
  expect(memory.lines).toEqual([]);
  expect(count).toMatchObject({ started: 3, finished: 0 });
});

test("an iterator that throws ends the job after the rows that run", async () => {
  const rows = (function* () {
    yield* first(2);
    throw new Error("the iterator broke");
  })();
  const { parts, memory } = job((value) => value, { source: sourceOf(rows) });
  await expect(runLoop(parts)).rejects.toThrow("the iterator broke");
  expect(memory.lines).toHaveLength(2);
});

test("an output that fails ends the job, with the first error", async () => {
  let writes = 0;
  const sink: ResultSink = {
    write: async () => {
      writes += 1;
      if (writes > 2) throw new Error(`full at ${writes}`);
    },
    skip: () => {},
    close: async () => {},
  };
  const { parts } = job((value) => value, { source: sourceOf(endless()), sink });
  await expect(runLoop(parts)).rejects.toThrow("full at 3");
});

test("a gate that fails ends the job", async () => {
  const gate = { acquire: () => Promise.reject(new Error("no budget")) };
  const { parts } = job((value) => value, { gate });
  await expect(runLoop(parts)).rejects.toThrow("no budget");
});

test("ordered results: a stop in the middle leaves nothing waiting for a row that never ran", async () => {
  const memory = new Memory();
  const problem = new CliError("ROW_INVALID", "bad.");
  let admitted = 0;
  const gate = {
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
  const { parts, stop } = job((value) => value, { source, gate, sink: new OrderedSink(memory) });
  const running = runLoop(parts);
  await settle();
  expect(memory.lines).toHaveLength(1); // row 2 is held, for row 1 still waits for its turn
  stop.stop();
  await running;
  expect(memory.lines.map((line) => (JSON.parse(line) as { index: number }).index)).toEqual([0, 2]);
});
