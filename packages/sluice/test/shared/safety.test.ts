// Law 3 on the callers' clock, over several processes on one store, whatever the way to it is like.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLimiter, type LimitsInput, pace, window } from "../../src/index.ts";
import { manualClock, worstWindow } from "../../src/testing/index.ts";
import { farStore } from "./far-store.ts";

const ms = (max: number): fc.Arbitrary<number> => fc.nat(max * 10).map((tenths) => tenths / 10);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant("acquire" as const),
      who: fc.nat(2),
      key: fc.nat(2),
      cost: fc.integer({ min: 0, max: 1 }),
      times: fc.integer({ min: 1, max: 8 }),
      priority: fc.constantFrom(0, 0, 1),
      timeout: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined, freq: 3 }),
      signal: fc.option(fc.nat(1), { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("try" as const),
      who: fc.nat(2),
      cost: fc.integer({ min: 0, max: 1 }),
      barge: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant("advance" as const), ms: ms(300) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("block" as const), ms: ms(90) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("abort" as const), signal: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("pause" as const), ms: ms(100) }) },
);

const delays = fc.array(fc.tuple(ms(9), ms(9)), { minLength: 1, maxLength: 12 });

interface Promised {
  readonly limits: LimitsInput;
  /** More than one where the limit is under all of them. */
  readonly keys: number;
  /** How many callers go on in a window of so many microseconds at the most. */
  readonly most: readonly { readonly span: number; readonly units: number }[];
}

const windows: fc.Arbitrary<Promised> = fc
  .record({
    count: fc.integer({ min: 1, max: 4 }),
    tens: fc.integer({ min: 3, max: 25 }),
    parts: fc.constantFrom({}, { parts: 4 }),
    keys: fc.constantFrom(1, 3),
  })
  .map(({ count, tens, parts, keys }) => ({
    limits: window(count, `${tens * 10}ms`, { ...parts, per: keys > 1 ? "limiter" : "key" }),
    keys,
    most: [{ span: tens * 10_000, units: count }],
  }));

/** What `explain()` prints for a shared store: the rate over W + G, G longer by what is caught up. */
const paces: fc.Arbitrary<Promised> = fc
  .record({
    perSecond: fc.integer({ min: 5, max: 100 }),
    burst: fc.integer({ min: 1, max: 3 }),
    catchUp: fc.nat(4),
  })
  .map(({ perSecond, burst, catchUp }) => ({
    limits: pace(`${perSecond}/1s`, { burst, catchUp }),
    keys: 1,
    most: [1, 10_000, 50_000, 200_000, 1_000_000].map((span) => ({
      span,
      units: burst - 1 + catchUp + Math.ceil((perSecond * (span + 20_000)) / 1e6),
    })),
  }));

test("callers never run more often than the limit says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 2, arbitrary: windows }, paces),
      delays,
      fc.array(step, { minLength: 5, maxLength: 60 }),
      async ({ limits, keys, most }, ways, steps) => {
        const clock = manualClock();
        const store = farStore(clock);
        let way = 0;
        store.there = () => ways[way++ % ways.length]![0];
        store.back = () => ways[way++ % ways.length]![1];
        const processes = [0, 1, 2].map(() => createLimiter(limits, { store, clock, name: "x" }));
        const aborts = [new AbortController(), new AbortController()];
        const ran: { at: number; units: number }[] = [];
        const calls: Promise<unknown>[] = [];
        const note = (units: number) => () => void ran.push({ at: clock.now(), units });
        for (const each of steps) {
          switch (each.does) {
            case "acquire": {
              const { who, cost, times, priority, timeout, signal } = each;
              const key = `k${each.key % keys}`;
              const options = {
                key,
                cost,
                priority,
                ...(timeout === undefined ? {} : { timeout }),
                ...(signal === undefined ? {} : { signal: aborts[signal]!.signal }),
              };
              for (let i = 0; i < times; i++) {
                calls.push(processes[who]!.acquire(options).then(note(cost), () => undefined));
              }
              break;
            }
            case "try": {
              const answer = processes[each.who]!.tryAcquire({
                key: "k0",
                cost: each.cost,
                barge: each.barge,
              });
              calls.push(answer.then(({ granted }) => granted && note(each.cost)()));
              break;
            }
            case "advance":
              await clock.advance(each.ms);
              break;
            case "block":
              clock.block(each.ms);
              break;
            case "abort":
              aborts[each.signal]!.abort(new Error("aborted"));
              break;
            case "pause":
              calls.push(Promise.resolve(processes[0]!.pause(each.ms)));
          }
        }
        await clock.advance("60s");
        let open = calls.length;
        for (const call of calls) void call.then(() => open--);
        await clock.advance(1);
        expect(open).toBe(0);
        for (const { span, units } of most) {
          expect(worstWindow(ran, span).units).toBeLessThanOrEqual(units);
        }
        for (const limiter of processes) {
          expect((await settled(clock, limiter.stats())).waiting).toBe(0);
          await settled(clock, limiter[Symbol.asyncDispose]());
        }
        expect(clock.timers().active).toBe(0);
      },
    ),
    { numRuns: 250 },
  );
});

async function settled<T>(
  clock: { advance(ms: number): Promise<void> },
  call: Promise<T>,
): Promise<T> {
  await clock.advance(200);
  return await call;
}
