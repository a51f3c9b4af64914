import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted, outcomes, watch } from "./outcomes.ts";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

test("aborted before: it rejects with the reason and takes nothing", async () => {
  const limiter = createLimiter("2/1s", { clock: manualClock() });
  const reason = new Error("changed my mind");
  const signal = AbortSignal.abort(reason);
  await expect(limiter.acquire({ signal })).rejects.toBe(reason);
  await expect(limiter.run(() => "never", { signal })).rejects.toBe(reason);
  expect(limiter.peek().limits["2/1s"]!.used).toBe(0);
  expect(listeners(signal)).toBe(0);
});

test("without waiting no listener is ever added", async () => {
  const limiter = createLimiter("2/1s", { clock: manualClock() });
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, "addEventListener");
  await limiter.acquire({ signal });
  expect(added).not.toHaveBeenCalled();
});

test.each(["a string", 20, { any: "object" }, null])("the reason may be %s", async (reason) => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const abort = new AbortController();
  const call = watch(limiter.acquire({ signal: abort.signal }));
  abort.abort(reason);
  await clock.advance(0);
  expect(call.error).toBe(reason);
});

test("without a reason it is the AbortError of the signal", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const abort = new AbortController();
  const call = watch(limiter.acquire({ signal: abort.signal }));
  abort.abort();
  await clock.advance(0);
  expect(call.error).toBe(abort.signal.reason);
  expect((call.error as Error).name).toBe("AbortError");
});

describe.each([
  { at: 0, name: "head" },
  { at: 2, name: "middle" },
  { at: 4, name: "tail" },
])("aborted while waiting as the $name", ({ at }) => {
  test("the others keep their order and lose nothing", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const aborts = Array.from({ length: 5 }, () => new AbortController());
    const served: number[] = [];
    const calls = aborts.map(({ signal }, i) => {
      const call = limiter.acquire({ signal });
      call.then(
        () => served.push(i),
        () => undefined,
      );
      return watch(call);
    });
    expect(aborts.map(({ signal }) => listeners(signal))).toEqual([1, 1, 1, 1, 1]);
    await clock.advance(500);
    aborts[at]!.abort("left");
    await clock.advance(0);
    expect(calls[at]!.outcome).toBe("left");
    expect(limiter.stats().waiting).toBe(4);
    await clock.advance(3500);
    expect(served).toEqual([0, 1, 2, 3, 4].filter((i) => i !== at));
    expect(aborts.map(({ signal }) => listeners(signal))).toEqual([0, 0, 0, 0, 0]);
    expect(clock.timers().active).toBe(0);
  });
});

test("each listener that is added is removed", async () => {
  const clock = manualClock();
  const limiter = createLimiter(concurrency(1), { clock });
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, "addEventListener");
  const removed = vi.spyOn(signal, "removeEventListener");
  let permit = granted(limiter.tryAcquire());
  for (let i = 0; i < 20; i++) {
    const next = watch(limiter.acquire({ signal, timeout: "1s" }));
    if (i % 3 === 0) await clock.advance("1s");
    else {
      permit.release();
      await clock.advance(0);
      permit = next.value!;
    }
  }
  expect(added.mock.calls.length).toBeGreaterThan(0);
  expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  expect(listeners(signal)).toBe(0);
});

test("the head leaves, and who fits behind it goes on at once", async () => {
  const clock = manualClock();
  const limiter = createLimiter("5/10s", { clock });
  limiter.tryAcquire({ cost: 3 });
  const abort = new AbortController();
  const head = watch(limiter.acquire({ cost: 5, signal: abort.signal }));
  const rest = [2, 1].map((cost) => watch(limiter.acquire({ cost })));
  abort.abort("left");
  await clock.advance(0);
  expect(outcomes([head, ...rest])).toEqual(["left", "fulfilled", "pending"]);
});

test("the last one leaves: no timer stays", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const abort = new AbortController();
  const call = watch(limiter.acquire({ signal: abort.signal, timeout: "1m" }));
  expect(clock.timers().active).toBe(1);
  abort.abort("left");
  expect(clock.timers().active).toBe(0);
  await clock.advance(0);
  expect(call.outcome).toBe("left");
  expect(limiter.stats().waiting).toBe(0);
});

test("one signal ends many waits, over keys and limits", async () => {
  const clock = manualClock();
  const limiter = createLimiter(
    { all: window(2, "1s", { per: "limiter" }), slots: concurrency(1) },
    { clock },
  );
  const abort = new AbortController();
  const { signal } = abort;
  limiter.tryAcquire({ key: "a" });
  const calls = ["a", "b", "c", "a"].map((key) => watch(limiter.acquire({ key, signal })));
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["pending", "fulfilled", "pending", "pending"]);
  expect(listeners(signal)).toBe(1);
  abort.abort("all out");
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["all out", "fulfilled", "all out", "all out"]);
  expect(limiter.stats().waiting).toBe(0);
});

test("aborted after: the permit stays", async () => {
  const clock = manualClock();
  const limiter = createLimiter(concurrency(1), { clock });
  const first = await limiter.acquire();
  const abort = new AbortController();
  const call = watch(limiter.acquire({ signal: abort.signal }));
  first.release();
  abort.abort("too late"); // granted, although its code has not run yet
  await clock.advance(0);
  expect(call.outcome).toBe("fulfilled");
  expect(call.value!.signal.aborted).toBe(false);
  expect(limiter.tryAcquire().granted).toBe(false);
  call.value!.release();
  expect(limiter.tryAcquire().granted).toBe(true);
});

test("run does not call the function of an aborted wait", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const abort = new AbortController();
  const fn = vi.fn();
  const call = watch(limiter.run(fn, { signal: abort.signal }));
  abort.abort("left");
  await clock.advance("5s");
  expect(call.outcome).toBe("left");
  expect(fn).not.toHaveBeenCalled();
  expect(limiter.tryAcquire().granted).toBe(true);
});

test.each([new AbortController(), null, "signal"])(
  "%s is no signal, and nobody waits",
  async (bad) => {
    const limiter = createLimiter(concurrency(1), { clock: manualClock() });
    const permit = granted(limiter.tryAcquire());
    const call = watch(limiter.acquire({ signal: bad as never }));
    await Promise.resolve();
    expect(call.outcome).toBe("INVALID_OPTION");
    permit.release();
    expect(limiter.tryAcquire().granted).toBe(true);
  },
);
