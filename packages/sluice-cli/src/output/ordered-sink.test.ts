import { expect, test } from "vitest";
import type { ResultRecord, ResultSink } from "../runner/parts.ts";
import { OrderedSink } from "./ordered-sink.ts";

class Memory implements ResultSink {
  readonly indexes: number[] = [];
  closed = false;
  async write({ index }: ResultRecord): Promise<void> {
    this.indexes.push(index);
    if (index === 13) throw new Error("full");
  }
  skip(): void {}
  async close(): Promise<void> {
    this.closed = true;
  }
}

const record = (index: number): ResultRecord => ({ index, failed: false, json: "" });

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
  sink.skip(1);
  sink.skip(0);
  sink.skip(2);
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
