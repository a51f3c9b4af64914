import { expect, test } from "vitest";
import { iterableRows } from "./iterable-rows.ts";

async function valuesOf(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const row of rows) values.push((row as { value: unknown }).value);
  return values;
}

test("any iterable: lists, sets, generators, asynchronous ones, promises in a list", async () => {
  expect(await valuesOf(iterableRows([1, undefined, "x"]))).toEqual([1, undefined, "x"]);
  expect(await valuesOf(iterableRows(new Set([3, 4])))).toEqual([3, 4]);
  expect(await valuesOf(iterableRows([Promise.resolve(1), 2]))).toEqual([1, 2]);
  const later = async function* () {
    yield 1;
    yield 2;
  };
  const rows: unknown[] = [];
  for await (const row of iterableRows(later())) rows.push(row);
  expect(rows).toEqual([
    { index: 0, line: 1, value: 1 },
    { index: 1, line: 2, value: 2 },
  ]);
});

test("what is no result of an iterator is an error, and not rows without end", async () => {
  const broken = { [Symbol.iterator]: () => ({ next: () => undefined }) };
  const rows = iterableRows(broken as unknown as Iterable<unknown>);
  await expect(valuesOf(rows)).rejects.toThrow("Iterator result undefined is not an object");
});

test("values that are there at once leave timers their turn", async () => {
  let rung = false;
  setImmediate(() => {
    rung = true;
  });
  const list = Array.from({ length: 1_000 }, (_, index) => index);
  const rows = iterableRows(list)[Symbol.asyncIterator]();
  for (let row = 0; row < 1_000; row += 1) await rows.next();
  expect(rung).toBe(true);
});

test("an endless generator is asked for no more than is wanted, and cleans up", async () => {
  let made = 0;
  let ended = 0;
  const endless = function* () {
    try {
      for (;;) yield (made += 1);
    } finally {
      ended += 1;
    }
  };
  expect(await valuesOf(iterableRows(endless(), 3))).toEqual([1, 2, 3]);
  expect([made, ended]).toEqual([3, 1]);
  expect(await valuesOf(iterableRows(endless(), 0))).toEqual([]);

  const source = iterableRows(endless());
  const rows = source[Symbol.asyncIterator]();
  await Promise.all([rows.next(), rows.next()]);
  expect(made).toBe(5);
  source.close();
  source.close();
  expect(await rows.next()).toEqual({ done: true, value: undefined });
  expect([made, ended]).toEqual([5, 2]);
});

test("what a generator throws is thrown on as it is, after the rows before it", async () => {
  const error = new RangeError("mine");
  const throwing = function* () {
    yield 1;
    throw error;
  };
  const rows = iterableRows(throwing())[Symbol.asyncIterator]();
  expect(await rows.next()).toMatchObject({ value: { value: 1 } });
  await expect(rows.next()).rejects.toBe(error);
  expect(await rows.next()).toEqual({ done: true, value: undefined });
});

test("closing ends a wait that would never end, and what fails at that is of no interest", async () => {
  const stuck = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<unknown>>(() => {}),
      return: () => Promise.reject(new Error("no")),
    }),
  };
  const source = iterableRows(stuck);
  const rows = source[Symbol.asyncIterator]();
  const waiting = [rows.next(), rows.next()];
  await Promise.resolve();
  source.close();
  expect(await Promise.all(waiting)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});
