import { expect, test } from "vitest";
import { compile } from "./limits/plan.ts";
import { KeyQueue, Waiter } from "./queue.ts";
import { Ready } from "./ready.ts";

const plan = compile("1/1d", 0, { now: 0, wall: 0 });

function waited(key: string): KeyQueue {
  const queue = new KeyQueue(key, plan);
  const level = queue.level(0);
  level.push(new Waiter(() => undefined, [1], 0, level));
  return queue;
}

test("gives out what is due, the earliest first, and what waits for another instant only then", () => {
  const ready = new Ready();
  const [a, b, gone] = [waited("a"), waited("b"), waited("gone")];
  ready.add(a, 5, 0, 3);
  ready.add(gone, 6, 0, 3);
  ready.add(b, 7, 0, 3);
  ready.add(a, 9, 0, 3);
  gone.where = "held";
  expect(ready.shift(4)).toBeUndefined();
  expect(ready.shift(8)).toBe(b);
  expect(ready.shift(8)).toBeUndefined();
  expect(ready.shift(9)).toBe(a);
});

test("those who have left long before their instant are not kept", () => {
  const ready = new Ready();
  const patient = waited("patient");
  ready.add(patient, 1e9, 0, 1);
  for (let i = 0; i < 10_000; i++) {
    const queue = waited(`k${i}`);
    ready.add(queue, 2e9, 0, 2);
    queue.where = "held";
  }
  expect(ready.size).toBeLessThan(100);
  expect(ready.shift(3e9)).toBe(patient);
});
