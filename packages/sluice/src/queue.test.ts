import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { compile } from "./limits/plan.ts";
import { whoMakesPlace } from "./overflow.ts";
import { KeyQueue, Level, Waiter } from "./queue.ts";

const AGEING = 1e6;

function queueOf(): KeyQueue {
  return new KeyQueue("k", compile("1/1d", 0, { now: 0, wall: 0 }));
}

function join(queue: KeyQueue, priority: number, arrival = 0): Waiter {
  const level = queue.level(priority);
  const waiter = new Waiter(() => undefined, [1], arrival, level);
  level.push(waiter);
  return waiter;
}

function leave(waiter: Waiter): void {
  waiter.settled = true;
  waiter.level.leave(waiter);
}

test("priorities at which nobody waits any more are not looked at", () => {
  const queue = queueOf();
  const patient = join(queue, 0);
  for (let priority = 1; priority < 1000; priority++) leave(join(queue, priority));
  const looks = vi.spyOn(Level.prototype, "peek");
  expect(queue.head(AGEING)).toBe(patient);
  expect(looks.mock.calls.length).toBeLessThan(10);
  looks.mockRestore();
});

test("who makes place is found among the first and the last of each priority", () => {
  const steps = fc.array(
    fc.record({ priority: fc.nat(3), later: fc.nat(3), leaves: fc.option(fc.nat(20)) }),
    { maxLength: 40 },
  );
  const overflow = fc.constantFrom("drop-oldest" as const, "drop-lowest" as const);
  fc.assert(
    fc.property(steps, overflow, fc.nat(3), (trace, how, newcomer) => {
      const queue = queueOf();
      let now = 0;
      for (const { priority, later, leaves } of trace) {
        now += later;
        join(queue, priority, now * AGEING);
        const all = queue.all(AGEING);
        if (leaves !== null) leave(all[leaves % all.length]!);
      }
      const settings = { overflow: how, ageing: AGEING };
      const ends = whoMakesPlace(queue.ends(), newcomer, settings);
      expect(ends).toBe(whoMakesPlace(queue.all(AGEING), newcomer, settings));
    }),
  );
});
