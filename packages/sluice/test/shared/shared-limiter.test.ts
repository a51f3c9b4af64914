// Instants are booked ahead on a shared store, and handed out in order when they come.
import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  type Limiter,
  memory,
  pace,
  type Store,
  StoreBusyError,
  window,
} from "../../src/index.ts";
import { booked } from "../../src/shared/booked.ts";
import { manualClock, type ManualClock, worstWindow } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

/** When callers ran, in milliseconds. */
function run(
  clock: ManualClock,
  limiter: Limiter<unknown, false>,
  times: number,
  options: object = {},
): number[] {
  const ran: number[] = [];
  for (let i = 0; i < times; i++) {
    void limiter.acquire(options).then(() => ran.push(clock.now() / 1e3));
  }
  return ran;
}

describe("acquire", () => {
  test("passes when the answer comes", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = () => 3;
    store.back = () => 4;
    const limiter = createLimiter("2/1s", { store, clock, name: "x" });
    const ran = run(clock, limiter, 1);
    await clock.advance(100);
    expect(ran).toEqual([7]);
  });

  test("books ahead and is never early by the store's clock", async () => {
    const clock = manualClock();
    const store = farStore(clock, { grace: 20 });
    store.there = () => 3;
    store.back = () => 4;
    const limiter = createLimiter("2/1s", { store, clock, name: "x" });
    const ran = run(clock, limiter, 4);
    await clock.advance(5_000);
    // One by one at first, since a call takes a share; the next window is 1020 ms after them.
    expect(ran.slice(0, 2)).toEqual([7, 14]);
    expect(ran[2]).toBeGreaterThanOrEqual(3 + 1020);
    expect(ran[3]).toBeGreaterThanOrEqual(10 + 1020);
    expect(ran[3]).toBeLessThan(1060);
  });

  test("a thousand waiters take few calls", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = () => 1;
    store.back = () => 1;
    const limiter = createLimiter("200/1s", { store, clock, name: "x" });
    const ran = run(clock, limiter, 1000);
    await clock.advance("6s");
    expect(ran).toHaveLength(1000);
    expect(ran.at(-1)).toBeLessThan(4 * 1020 + 30);
    expect(store.calls.reserve).toBeLessThan(60);
    expect(clock.timers()).toEqual({ active: 0, idle: expect.anything() });
  });

  test("callers who come back as soon as they are granted are all in the next call", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = () => 1;
    store.back = () => 1;
    const limiter = createLimiter("1000000/1s", { store, clock, name: "x" });
    const ran: number[] = [];
    const caller = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        await limiter.acquire();
        ran.push(clock.now() / 1e3);
      }
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    await clock.advance(100);
    await callers;
    expect(ran).toEqual([2, 4, 6, 8, 10].flatMap((at) => Array<number>(8).fill(at)));
    expect(store.calls.reserve).toBe(5);
  });

  test("who is cancelled in the turn in which it came is not asked for", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("5/1s", { store, clock, name: "x" });
    const waiting = limiter.acquire();
    expect(limiter.cancelWaiting()).toBe(1);
    await expect(waiting).rejects.toThrow("cancelWaiting");
    await clock.advance(100);
    expect(store.calls).toEqual({ reserve: 0, amend: 0, peek: 0 });
  });

  test("two processes share one limit, and each gets its part", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = () => 1;
    store.back = () => 1;
    const [a, b] = [0, 1].map(() => createLimiter("20/1s", { store, clock, name: "x" }));
    const ranA = run(clock, a!, 60);
    const ranB = run(clock, b!, 60);
    await clock.advance("3500ms");
    expect(ranA.length + ranB.length).toBe(80);
    expect(Math.min(ranA.length, ranB.length)).toBeGreaterThanOrEqual(30);
  });

  test("who is aborted passes its instant on, and what is left goes back", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("1/1s", { store, clock, name: "x" });
    await limiter.acquire();
    const stop = new AbortController();
    const first = watch(limiter.acquire({ signal: stop.signal }));
    const second = watch(limiter.acquire());
    await clock.advance(600);
    stop.abort("no more");
    await clock.advance(430);
    expect(first.outcome).toBe("no more");
    expect(second.outcome).toBe("fulfilled");
    const third = watch(limiter.acquire({ timeout: 1_500 }));
    await clock.advance(10);
    limiter.cancelWaiting();
    await clock.advance(2_000);
    expect(third.outcome).toBe("WAIT_CANCELLED");
    expect((await limiter.peek()).limits["1/1s"]!.used).toBe(0);
  });

  test("first come, first served in a key, whatever each takes", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limits = { a: window(1, "200ms"), b: window(1, "200ms") };
    const limiter = createLimiter(limits, { store, clock, name: "x" });
    const served: string[] = [];
    const ask = async (name: "a" | "b"): Promise<void> => {
      await limiter.acquire({ cost: { a: 0, b: 0, [name]: 1 } });
      served.push(`${name} ${clock.now() / 1e3}`);
    };
    for (const name of ["a", "a", "b"] as const) {
      void ask(name);
      await clock.advance(1);
    }
    await clock.advance("1s");
    expect(served).toEqual(["a 0", "a 220", "b 220"]);
    expect(store.calls.amend).toBe(0);
  });

  test("rejects at once when the forecast lies beyond the timeout", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1m", { store: farStore(clock), clock, name: "x" });
    await limiter.acquire();
    const late = watch(limiter.acquire({ timeout: "10s" }));
    await clock.advance(1);
    expect(late.outcome).toBe("LIMIT_EXCEEDED");
  });

  test("a store that fails fails those who wait, and nobody hangs", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("1/1s", { store, clock, name: "x" });
    await limiter.acquire();
    const waiting = watch(limiter.acquire());
    store.failure = new Error("gone");
    const other = watch(limiter.acquire());
    await clock.advance("3s");
    expect([waiting.error, other.error]).toEqual([store.failure, store.failure]);
    store.failure = undefined;
    await clock.advance("2s");
    expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
  });
});

test("who runs later than the grace counts once more, so that the next keep their distance", async () => {
  const clock = manualClock();
  const limiter = createLimiter("4/1s", { store: farStore(clock), clock, name: "x" });
  for (let i = 0; i < 4; i++) await limiter.acquire();
  const ran: number[] = [];
  for (let i = 0; i < 8; i++) {
    void limiter.acquire().then(() => {
      ran.push(clock.now() / 1e3);
      // The code of the first keeps the thread, and the second runs beyond its grace.
      if (ran.length === 1) clock.block(40);
    });
  }
  await clock.advance("5s");
  // Nobody knows who of the four ran late, so all of them count once more, at 2040 ms.
  expect(ran).toEqual([1020, 1060, 1060, 1060, 3060, 3060, 3060, 3060]);
  expect(
    worstWindow(
      ran.map((ms) => ({ at: ms * 1e3, units: 1 })),
      1_000_000,
    ).units,
  ).toBeLessThanOrEqual(4);
});

describe("a pace", () => {
  const waitOut = async (catchUp: number): Promise<number[]> => {
    const clock = manualClock();
    const limits = pace("100/1s", { catchUp });
    const limiter = createLimiter(limits, { store: farStore(clock), clock, name: "x" });
    const ran = run(clock, limiter, 8);
    await clock.advance(15);
    clock.block(60);
    await clock.advance(25);
    return ran;
  };

  test("gives up instants that are older than the grace", async () => {
    // Those of 20 to 50 ms are lost, and asked for anew.
    expect(await waitOut(0)).toEqual([0, 10, 75, 75, 80, 90, 100]);
  });

  test("makes up for so many more by catchUp", async () => {
    expect(await waitOut(3)).toEqual([0, 10, 75, 75, 75, 75, 75, 80]);
  });

  test("promises what it keeps", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const even = pace("200/1s", { catchUp: 5 });
    const alone = createLimiter({ even }, { store, clock, name: "alone" });
    const { promises, warnings } = await alone.explain();
    expect(promises["even"]).toBe("at most ceil(200/1s * (W + 45ms)) in any half-open W");
    expect(warnings).toEqual([
      'even can admit 209 in 1s; for never more than 200 use window(200, "1s").',
    ]);
    // A window is padded by the grace alone, so nobody may be later than that.
    const both = createLimiter({ even, long: "900/5s" }, { store, clock, name: "both" });
    expect((await both.explain()).promises["even"]).toBe(
      "at most ceil(200/1s * (W + 20ms)) in any half-open W",
    );
  });
});

describe("concurrency", () => {
  test("a release lets the next one through, and slots are never exceeded", async () => {
    const clock = manualClock();
    const store = farStore(clock, { notifies: true });
    const limiters = [0, 1].map(() => createLimiter(concurrency(2), { store, clock, name: "x" }));
    let held = 0;
    let most = 0;
    let done = 0;
    for (let i = 0; i < 12; i++) {
      void limiters[i % 2]!.run(async () => {
        most = Math.max(most, ++held);
        await new Promise<void>((resolve) => void clock.setTimer(50, resolve));
        held--;
        done++;
      });
    }
    await clock.advance("2s");
    expect(most).toBe(2);
    expect(done).toBe(12);
  });
});

test("a store that is busy at once is asked again", async () => {
  const clock = manualClock();
  const own = memory();
  let busy = 2;
  const store: Store<true> = {
    sync: true,
    waiting: booked(),
    open: (scope) => {
      const ledger = own.open(scope);
      const reserve = ledger.reserve.bind(ledger);
      ledger.reserve = (ask) => {
        if (busy-- > 0) throw new StoreBusyError("busy");
        return reserve(ask);
      };
      return ledger;
    },
  };
  const limiter = createLimiter("2/1s", { store, clock, name: "x" });
  const ran = run(clock, limiter as never, 2);
  await clock.advance(50);
  expect(ran).toHaveLength(2);
});

test("tryAcquire answers a promise, and remembers a refusal", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const limiter = createLimiter("1/1s", { store, clock, name: "x" });
  expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
  expect(await limiter.tryAcquire()).toMatchObject({ granted: false, limit: "1/1s" });
  const calls = store.calls.reserve;
  expect(await limiter.tryAcquire()).toMatchObject({ granted: false, limit: "1/1s" });
  expect(store.calls.reserve).toBe(calls);
  await clock.advance(1_020);
  expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
});

test("a settlement goes back to the store", async () => {
  const clock = manualClock();
  const limiter = createLimiter("10/1s", { store: farStore(clock), clock, name: "x" });
  const permit = await limiter.acquire({ cost: 10 });
  permit.settle(3);
  await clock.advance(1);
  expect((await limiter.peek()).limits["10/1s"]!.used).toBe(3);
});

test("a pause binds at once for those who had booked", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { store: farStore(clock), clock, name: "x" });
  const ran = run(clock, limiter, 3);
  await clock.advance(900);
  await limiter.pause("5s");
  await clock.advance("10s");
  expect(ran[0]).toBe(0);
  expect(ran[1]).toBeGreaterThanOrEqual(5_900);
  expect(ran).toHaveLength(3);
});

test("what another process opens again is seen within a second", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const [a, b] = [0, 1].map(() => createLimiter("1/1s", { store, clock, name: "x" }));
  await a!.pause("20s");
  const ran = run(clock, b!, 1);
  await clock.advance(500);
  await a!.resume();
  await clock.advance("1s");
  expect(ran).toHaveLength(1);
});

test("a shared limiter needs a name", () => {
  const clock = manualClock();
  expect(() => createLimiter("1/1s", { store: farStore(clock), clock })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
});
