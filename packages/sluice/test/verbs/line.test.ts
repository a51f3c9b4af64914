/** The line of keys that only a limit of the whole limiter holds back. */

import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, type LimitsInput, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted, outcomes, watch } from "./outcomes.ts";

const oneASecond = window(1, "1s", { per: "limiter" });

test("first come, first served over keys", async () => {
  const clock = manualClock();
  const limiter = createLimiter(oneASecond, { clock });
  limiter.tryAcquire();
  const served: string[] = [];
  for (const name of ["a1", "b1", "a2", "c1", "b2", "a3"]) {
    clock.block(1);
    void limiter.acquire({ key: name[0]! }).then(() => served.push(name));
  }
  await clock.advance("6s");
  expect(served).toEqual(["a1", "b1", "a2", "c1", "b2", "a3"]);
});

test("also when all come in the same microsecond", async () => {
  const clock = manualClock();
  const limiter = createLimiter(oneASecond, { clock });
  limiter.tryAcquire();
  const served: number[] = [];
  for (let i = 0; i < 10; i++) {
    void limiter.acquire({ key: `k${i}` }).then(() => served.push(i));
  }
  await clock.advance("10s");
  expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a key held back by its own limit blocks nobody", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ all: oneASecond, each: window(1, "10s") }, { clock });
  limiter.tryAcquire({ key: "a" });
  const own = watch(limiter.acquire({ key: "a" }));
  await clock.advance("1s");
  expect(limiter.tryAcquire({ key: "b" }).granted).toBe(true);
  const next = watch(limiter.acquire({ key: "c" }));
  await clock.advance("1s");
  expect(outcomes([own, next])).toEqual(["pending", "fulfilled"]);
  await clock.advance("8s");
  expect(own.outcome).toBe("fulfilled");
});

test("a key whose own limit sets it free stands where it came, not at the end", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ all: oneASecond, each: window(1, "2500ms") }, { clock });
  limiter.tryAcquire({ key: "a" });
  const served: string[] = [];
  for (const key of ["a", "b", "c", "d", "e"]) {
    clock.block(1);
    void limiter.acquire({ key }).then(() => served.push(key));
  }
  await clock.advance("9s");
  // Free at 1 s (b), 2 s (c); a is due at 2.5 s and goes before d at 3 s.
  expect(served).toEqual(["b", "c", "a", "d", "e"]);
});

test("a large head of the line is not overtaken by other keys", async () => {
  const clock = manualClock();
  const limiter = createLimiter(window(5, "10s", { per: "limiter" }), { clock });
  limiter.tryAcquire({ cost: 3 });
  const large = watch(limiter.acquire({ key: "a", cost: 5 }));
  const small = watch(limiter.acquire({ key: "b" }));
  expect(limiter.tryAcquire({ key: "c" }).granted).toBe(false);
  expect(limiter.tryAcquire({ key: "c", barge: true }).granted).toBe(true);
  await clock.advance("9s");
  expect(outcomes([large, small])).toEqual(["pending", "pending"]);
  await clock.advance("1s");
  expect(outcomes([large, small])).toEqual(["fulfilled", "pending"]);
  await clock.advance("10s");
  expect(small.outcome).toBe("fulfilled");
});

test("shared slots go round in the order of arrival", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ slots: concurrency(1, { per: "limiter" }) }, { clock });
  let permit = granted(limiter.tryAcquire());
  const waiting = ["a", "b", "a", "c"].map((key) => watch(limiter.acquire({ key })));
  for (let i = 0; i < 4; i++) {
    permit.release();
    await clock.advance(0);
    expect(outcomes(waiting)).toEqual(waiting.map((_, at) => (at <= i ? "fulfilled" : "pending")));
    permit = waiting[i]!.value!;
  }
});

describe("when the head of the line leaves", () => {
  test("who fits is served at once, though its key has others", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ slots: concurrency(5, { per: "limiter" }) }, { clock });
    limiter.tryAcquire({ key: "x", cost: { slots: 3 } });
    const abort = new AbortController();
    const { signal } = abort;
    const head = watch(limiter.acquire({ key: "a", cost: { slots: 5 }, signal }));
    clock.block(1);
    const second = watch(limiter.acquire({ key: "b" }));
    clock.block(1);
    const third = watch(limiter.acquire({ key: "a", cost: { slots: 5 } }));
    abort.abort("left");
    await clock.advance(0);
    expect(outcomes([head, second, third])).toEqual(["left", "fulfilled", "pending"]);
  });

  test("the same with a window", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(5, "10s", { per: "limiter" }), { clock });
    limiter.tryAcquire({ key: "x", cost: 3 });
    const head = watch(limiter.acquire({ key: "a", cost: 5, timeout: "10s" }));
    clock.block(1);
    const second = watch(limiter.acquire({ key: "b" }));
    clock.block(1);
    const third = watch(limiter.acquire({ key: "a", cost: 5 }));
    limiter.cancelWaiting({ key: "x" });
    await clock.advance(0);
    expect(outcomes([head, second, third])).toEqual(["pending", "pending", "pending"]);
    limiter.cancelWaiting({ key: "a", reason: "gone" });
    await clock.advance(0);
    expect(outcomes([head, second, third])).toEqual(["gone", "fulfilled", "gone"]);
  });

  test("the next key is asked, although it came for more", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(3, "10s", { per: "limiter" }), { clock });
    limiter.tryAcquire({ cost: 1 });
    const abort = new AbortController();
    const { signal } = abort;
    const head = watch(limiter.acquire({ key: "a", cost: 3, signal }));
    const next = watch(limiter.acquire({ key: "b", cost: 2 }));
    await clock.advance("1s");
    expect(outcomes([head, next])).toEqual(["pending", "pending"]);
    abort.abort("left");
    await clock.advance(0);
    expect(outcomes([head, next])).toEqual(["left", "fulfilled"]);
  });
});

test("what takes nothing of the limiter's budget is not held back by it", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ all: oneASecond, each: window(2, "1s") }, { clock });
  limiter.tryAcquire();
  const waiting = watch(limiter.acquire({ key: "a" }));
  const free = limiter.tryAcquire({ key: "b", cost: { all: 0 } });
  expect(free.granted).toBe(true);
  await clock.advance("1s");
  expect(waiting.outcome).toBe("fulfilled");
});

test("one timer for all of them", async () => {
  const clock = manualClock();
  const limiter = createLimiter(
    { all: window(10, "1s", { per: "limiter" }), each: window(1, "3s") },
    { clock },
  );
  const waiting = Array.from({ length: 200 }, (_, i) =>
    watch(limiter.acquire({ key: `k${i % 40}` })),
  );
  expect(clock.timers().active).toBe(1);
  await clock.advance("1m");
  expect(new Set(outcomes(waiting))).toEqual(new Set(["fulfilled"]));
  expect(clock.timers().active).toBe(0);
});

test("who takes nothing of the common limit stands in no line, whoever waits there", async () => {
  const clock = manualClock();
  const all = concurrency(1, { per: "limiter" });
  const limiter = createLimiter({ all, each: window(1, "1s") }, { clock });
  limiter.tryAcquire({ key: "a" });
  limiter.tryAcquire({ key: "b", cost: { all: 0, each: 1 } });
  const held = watch(limiter.acquire({ key: "c" }));
  const free = [0, 1].map(() => watch(limiter.acquire({ key: "b", cost: { all: 0, each: 1 } })));
  await clock.advance("1s");
  expect(outcomes(free)).toEqual(["fulfilled", "pending"]);
  await clock.advance("1s");
  expect(outcomes([held, ...free])).toEqual(["pending", "fulfilled", "fulfilled"]);
  limiter.cancelWaiting();
});

test("nor behind a pause of all that they waited out together", async () => {
  const clock = manualClock();
  const all = concurrency(1, { per: "limiter" });
  const limiter = createLimiter({ all, each: window(5, "1s") }, { clock });
  limiter.tryAcquire({ key: "a" });
  limiter.pause("1s");
  const held = watch(limiter.acquire({ key: "b" }));
  const free = watch(limiter.acquire({ key: "c", cost: { all: 0, each: 1 } }));
  await clock.advance("1s");
  expect(outcomes([held, free])).toEqual(["pending", "fulfilled"]);
  limiter.cancelWaiting();
});

test("of two who came in the same microsecond the first is asked for first, whatever the other wants", async () => {
  const clock = manualClock();
  const limiter = createLimiter(pace("1/1s", { burst: 4, per: "limiter" }), { clock });
  limiter.tryAcquire({ cost: 4 });
  const first = watch(limiter.acquire({ key: "a", cost: 2 }));
  const second = watch(limiter.acquire({ key: "b", cost: 4 }));
  limiter.resume();
  await clock.advance("2s");
  expect(outcomes([first, second])).toEqual(["fulfilled", "pending"]);
  await clock.advance("4s");
  expect(second.outcome).toBe("fulfilled");
});

test("keys that become ready together are served by who came first", async () => {
  const clock = manualClock();
  const limiter = createLimiter(window(4, "1s", { per: "limiter" }), { clock });
  for (const key of ["a", "b"]) limiter.pause(200, { key });
  const served: string[] = [];
  for (const name of ["a1", "b1", "a2", "a3", "a4"]) {
    void limiter.acquire({ key: name[0]! }).then(() => served.push(name));
  }
  await clock.advance("2s");
  expect(served).toEqual(["a1", "b1", "a2", "a3", "a4"]);
});

test.each([
  ["slots", { n: concurrency(3, { per: "limiter" }) }],
  ["a window", { n: window(3, "10m", { per: "limiter" }) }],
])("a key that is paused while it stands in the line blocks nobody: %s", async (_, limits) => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(limits, { clock });
  await limiter.acquire({ key: "x" });
  const paused = watch(limiter.acquire({ key: "b", cost: { n: 3 } as never }));
  const others = ["c", "d"].map((key) => watch(limiter.acquire({ key })));
  await clock.advance(1);
  expect(outcomes(others)).toEqual(["pending", "pending"]);
  limiter.pause("1h", { key: "b" });
  await clock.advance(1);
  expect(outcomes(others)).toEqual(["fulfilled", "fulfilled"]);
  expect(paused.outcome).toBe("pending");
});

test("who is behind others of other keys is told when the first of them may pass", () => {
  const clock = manualClock();
  const limiter = createLimiter({ n: window(3, "10m", { per: "limiter" }) }, { clock });
  limiter.tryAcquire({ key: "x" });
  void limiter.acquire({ key: "b", cost: { n: 3 } });
  expect(limiter.tryAcquire({ key: "d" })).toMatchObject({ limit: "n", retryAfter: 600_000 });
  const held = createLimiter({ n: concurrency(3, { per: "limiter" }) }, { clock });
  held.tryAcquire({ key: "x" });
  void held.acquire({ key: "b", cost: { n: 3 } });
  const refused = held.tryAcquire({ key: "d" });
  expect(refused).toMatchObject({ limit: "n" });
  expect("retryAfter" in refused).toBe(false);
});

test.each(["tryAcquire", "acquireSync"] as const)(
  "a key that %s overtakes blocks nobody",
  async (verb) => {
    const clock = manualClock();
    const limits = { all: concurrency(2, { per: "limiter" }), each: window(1, "60s") };
    const limiter = createLimiter(limits, { clock });
    limiter.tryAcquire({ key: "x" });
    void limiter.acquire({ key: "a", cost: { all: 2, each: 1 } });
    await clock.advance(1000);
    const overtakes = { key: "a", cost: { all: 0, each: 1 }, barge: true };
    limiter[verb](overtakes);
    const other = watch(limiter.acquire({ key: "b" }));
    await clock.advance(1);
    expect(other.outcome).toBe("fulfilled");
  },
);
