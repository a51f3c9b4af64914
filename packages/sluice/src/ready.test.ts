import { expect, test } from "vitest";
import { compile } from "./limits/plan.ts";
import { KeyQueue, Waiter } from "./queue.ts";
import { Ready } from "./ready.ts";

const plan = compile("1/1d", 0, { now: 0, wall: 0 });

function waited(key: string, arrival = 0): KeyQueue {
  const queue = new KeyQueue(key, plan);
  const level = queue.level(0);
  level.push(new Waiter(() => undefined, [1], arrival, level));
  return queue;
}

test("gives out what is due, the earliest first, and what waits for another instant only then", () => {
  const ready = new Ready(1e6);
  const [a, b, gone] = [waited("a"), waited("b"), waited("gone")];
  ready.add(a, 5, 3);
  ready.add(gone, 6, 3);
  ready.add(b, 7, 3);
  ready.add(a, 9, 3);
  gone.where = "held";
  expect(ready.shift(4)).toBeUndefined();
  expect(ready.shift(8)).toBe(b);
  expect(ready.shift(8)).toBeUndefined();
  expect(ready.shift(9)).toBe(a);
});

test("who is due goes by rank, whoever was due first", () => {
  const ready = new Ready(1e6);
  const [first, second, third] = [waited("1", 1), waited("2", 2), waited("3", 3)];
  ready.addNow(third);
  ready.add(second, 10, 3);
  ready.add(first, 11, 3);
  expect([20, 20, 20, 20].map((now) => ready.shift(now))).toEqual([
    first,
    second,
    third,
    undefined,
  ]);
});

test("those who have left long before their instant are not kept", () => {
  const ready = new Ready(1e6);
  const patient = waited("patient");
  ready.add(patient, 1e9, 1);
  for (let i = 0; i < 10_000; i++) {
    const queue = waited(`k${i}`);
    ready.add(queue, 2e9, 2);
    queue.where = "held";
  }
  expect(ready.size).toBeLessThan(100);
  expect(ready.shift(3e9)).toBe(patient);
});
