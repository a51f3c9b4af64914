// The bounds that docs/failure-modes.md states, on the callers' clock, over several processes and any
// mix of outages; that nobody hangs; that nothing is left.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLimiter, type LimitText } from "../../src/index.ts";
import type { FallbackOptions } from "../../src/stores/fallback.ts";
import { manualClock, type ManualClock, worstWindow } from "../../src/testing/index.ts";
import { type FarStore, farStore } from "../shared/far-store.ts";
import { guarded } from "./server.ts";

const PROCESSES = 3;

const ms = (max: number): fc.Arbitrary<number> => fc.nat(max * 10).map((tenths) => tenths / 10);
const does = <const D extends string, R extends object>(
  name: D,
  rest: { [K in keyof R]: fc.Arbitrary<R[K]> },
): fc.Arbitrary<{ does: D } & R> =>
  fc.record(rest as never).map((each) => ({ does: name, ...(each as R) }));

type Step =
  | { does: "acquire"; who: number; times: number; timeout: number | undefined }
  | { does: "try"; who: number }
  | { does: "advance" | "block"; ms: number }
  | { does: "fail" | "mend" }
  | { does: "hang"; there: number; back: number };

type Weighted = { weight: number; arbitrary: fc.Arbitrary<Step> };

const who = fc.nat(PROCESSES - 1);
const uses: Weighted[] = [
  {
    weight: 6,
    arbitrary: does("acquire", {
      who,
      times: fc.integer({ min: 1, max: 6 }),
      timeout: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 3, arbitrary: does("try", { who }) },
  { weight: 6, arbitrary: does("advance", { ms: ms(300) }) },
];
const outages: Weighted[] = [
  { weight: 1, arbitrary: fc.constant({ does: "fail" }) },
  { weight: 1, arbitrary: does("hang", { there: ms(500), back: ms(500) }) },
  { weight: 2, arbitrary: fc.constant({ does: "mend" }) },
  { weight: 1, arbitrary: does("block", { ms: ms(90) }) },
];

const steps = (sound: boolean): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...uses, ...(sound ? [] : outages)), { minLength: 5, maxLength: 60 });

const runs = fc
  .record({
    count: fc.integer({ min: 1, max: 7 }),
    tens: fc.integer({ min: 3, max: 25 }),
    parts: fc.boolean(),
    sound: fc.boolean(),
    onFailure: fc.constantFrom<FallbackOptions["onFailure"]>("refuse", "allow", {
      share: 1 / PROCESSES,
    }),
    ways: fc.array(fc.tuple(ms(9), ms(9)), { minLength: 1, maxLength: 12 }),
  })
  .chain((given) => steps(given.sound).map((all) => ({ ...given, all })));

/** How often callers may run in one window. */
function bound(count: number, sound: boolean, onFailure: FallbackOptions["onFailure"]): number {
  if (sound || onFailure === "refuse") return count;
  if (onFailure === "allow") return Number.POSITIVE_INFINITY;
  return count + PROCESSES * Math.max(1, Math.floor(count / PROCESSES));
}

test("callers run at most as often as the page says, and nobody hangs", async () => {
  let beyond = 0;
  await fc.assert(
    fc.asyncProperty(runs, async ({ count, tens, parts, sound, onFailure, ways, all }) => {
      const clock = manualClock();
      const store = farStore(clock);
      const mend = (): void => {
        let way = 0;
        store.failure = undefined;
        store.there = () => ways[way++ % ways.length]![0];
        store.back = () => ways[way++ % ways.length]![1];
      };
      mend();
      const circuit = { failures: 2, pause: 150 };
      const wrapped = guarded(store, { onFailure, circuit, deadline: sound ? "1s" : 100 });
      const text = `${count}/${tens * 10}ms${parts ? " parts 4" : ""}` as LimitText;
      const limiters = Array.from({ length: PROCESSES }, () =>
        createLimiter(text, { store: wrapped, clock, name: "x" }),
      );
      const ran: { at: number; units: number }[] = [];
      const note = (): void => void ran.push({ at: clock.now(), units: 1 });
      const calls: Promise<unknown>[] = [];
      for (const step of all) {
        switch (step.does) {
          case "acquire": {
            const options = step.timeout === undefined ? {} : { timeout: step.timeout };
            for (let i = 0; i < step.times; i++) {
              calls.push(limiters[step.who]!.acquire(options).then(note, onlyRefused));
            }
            break;
          }
          case "try":
            calls.push(limiters[step.who]!.tryAcquire().then(({ granted }) => granted && note()));
            break;
          case "advance":
            await clock.advance(step.ms);
            break;
          case "block":
            clock.block(step.ms);
            break;
          case "fail":
            store.failure = new Error("gone");
            break;
          case "hang":
            store.there = () => step.there;
            store.back = () => step.back;
            break;
          case "mend":
            mend();
        }
      }
      mend();
      const open = await openAfter(clock, calls);
      expect(open).toEqual([]);
      const worst = worstWindow(ran, tens * 10_000).units;
      if (worst > count) beyond++;
      expect(worst).toBeLessThanOrEqual(bound(count, sound, onFailure));
      await end(clock, store, limiters);
    }),
    { numRuns: 200 },
  );
  expect(beyond).toBeGreaterThan(0); // or the outages were none
});

function onlyRefused(error: { code?: unknown }): void {
  if (error.code !== "LIMIT_EXCEEDED") throw error;
}

/** Which calls have no outcome a minute after the store is back; those that failed throw. */
async function openAfter(clock: ManualClock, calls: Promise<unknown>[]): Promise<number[]> {
  const open = new Set(calls.keys());
  const failed: unknown[] = [];
  calls.forEach((call, i) => {
    call.catch((error: unknown) => failed.push(error)).finally(() => open.delete(i));
  });
  await clock.advance("60s");
  expect(failed).toEqual([]);
  return [...open];
}

async function end(
  clock: ManualClock,
  store: FarStore,
  limiters: readonly AsyncDisposable[],
): Promise<void> {
  const ends = limiters.map((limiter) => limiter[Symbol.asyncDispose]());
  await clock.advance("2s");
  await Promise.all(ends);
  const { reserve, amend, peek } = store.calls;
  await clock.advance("10m"); // the far store's own sweep ends, too
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
  expect(store.calls).toEqual({ reserve, amend, peek });
}
