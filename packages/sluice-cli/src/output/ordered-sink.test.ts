import { expect, test } from "vitest";
import type { Flushed, ResultRecord, ResultSink } from "../runner/parts.ts";
import { OrderedSink } from "./ordered-sink.ts";

class Memory implements ResultSink {
  readonly indexes: number[] = [];
  closed = false;
  async write(record: ResultRecord): Promise<boolean> {
    this.indexes.push(record.index);
    if (record.index === 13) throw new Error("full");
    return "error" in record;
  }
  skip(): void {}
  async flush(): Promise<Flushed> {
    return { offsets: [this.indexes.length], done: [] };
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}

function record(index: number): ResultRecord {
  return { index, row: { index, line: index + 1, value: index }, value: index };
}

test("puts results into order, and says of each when it is written", async () => {
  const memory = new Memory();
  const sink = new OrderedSink(memory);
  const written: number[] = [];
  const writes = [2, 0, 3, 1].map((index) =>
    sink.write(record(index)).then(() => written.push(index)),
  );
  await Promise.all(writes);
  await sink.close();
  expect(memory.indexes).toEqual([0, 1, 2, 3]);
  expect(written).toEqual([0, 1, 2, 3]);
  expect(memory.closed).toBe(true);
});

test("goes on over rows that have no result", async () => {
  const memory = new Memory();
  const sink = new OrderedSink(memory);
  const last = sink.write(record(3));
  sink.skip(1, "left");
  sink.skip(0, "left");
  sink.skip(2, "left");
  await last;
  expect(memory.indexes).toEqual([3]);
});

test("closing writes what is held, in order", async () => {
  const memory = new Memory();
  const sink = new OrderedSink(memory);
  const held = [sink.write(record(9)), sink.write(record(4))];
  await sink.close();
  await Promise.all(held);
  expect(memory.indexes).toEqual([4, 9]);
});

test("a failure to write goes to whoever wrote that result", async () => {
  const sink = new OrderedSink(new Memory());
  for (let index = 0; index < 13; index += 1) await sink.write(record(index));
  await expect(sink.write(record(13))).rejects.toThrow("full");
});

test("a job that can go on writes nothing behind a row that was left, and says so at once", async () => {
  const memory = new Memory();
  const sink = new OrderedSink(memory, { done: [], resumable: true });
  const { row } = record(4);
  const late = [sink.write(record(3)), sink.write({ index: 4, row, error: new Error("no") })];
  sink.skip(2, "left");
  expect(await Promise.all([...late, sink.write(record(5))])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  await Promise.all([sink.write(record(1)), sink.write(record(0))]);
  await sink.close();
  expect(memory.indexes).toEqual([0, 1]);
});

test("a job that can go on does not write what waits for rows that were given up", async () => {
  const memory = new Memory();
  const sink = new OrderedSink(memory, { done: [], resumable: true });
  const held = sink.write(record(1));
  await sink.close();
  expect([await held, memory.indexes]).toEqual([undefined, []]);
});

test("rows that an earlier run has done are passed over", async () => {
  const memory = new Memory();
  const done = [
    [0, 2],
    [4, 5],
  ] as const;
  const sink = new OrderedSink(memory, { done, resumable: true });
  sink.skip(0, "done");
  const last = sink.write(record(7));
  await sink.write(record(3));
  await sink.write(record(6));
  await last;
  expect(memory.indexes).toEqual([3, 6, 7]);
});
