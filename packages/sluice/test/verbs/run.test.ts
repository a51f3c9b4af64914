import { describe, expect, test, vi } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "./outcomes.ts";

function single(): {
  limiter: ReturnType<typeof createLimiter<{ slots: ReturnType<typeof concurrency> }>>;
  free: () => boolean;
} {
  const limiter = createLimiter({ slots: concurrency(1) }, { clock: manualClock() });
  return { limiter, free: () => limiter.peek().granted };
}

describe("releases", () => {
  test("after a result", async () => {
    const { limiter, free } = single();
    const seen: boolean[] = [];
    const result = await limiter.run((permit) => {
      seen.push(permit.granted, free());
      return "done";
    });
    expect(result).toBe("done");
    expect(seen).toEqual([true, false]);
    expect(free()).toBe(true);
  });

  test("only after a promise has settled", async () => {
    const { limiter, free } = single();
    const work = withResolvers<number>();
    const call = watch(limiter.run(() => work.promise));
    await tick();
    expect(free()).toBe(false);
    work.resolve(7);
    await tick();
    expect(call.value).toBe(7);
    expect(free()).toBe(true);
  });

  test("after a throw and after a rejection, with the error itself", async () => {
    const { limiter, free } = single();
    const error = new Error("no luck");
    const thrower = (): never => {
      throw error;
    };
    await expect(limiter.run(thrower)).rejects.toBe(error);
    expect(free()).toBe(true);
    await expect(limiter.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(free()).toBe(true);
  });

  test("once: the function may have released and settled itself", async () => {
    const limiter = createLimiter(
      { calls: window(4, "1m"), slots: concurrency(1) },
      { clock: manualClock() },
    );
    await limiter.run(
      (permit) => {
        permit.settle({ calls: 1 });
        permit.release();
      },
      { cost: { calls: 3 } },
    );
    expect(limiter.peek().limits).toMatchObject({ calls: { used: 1 }, slots: { used: 0 } });
  });

  test("and the next one runs", async () => {
    const { limiter } = single();
    const log: string[] = [];
    await Promise.all(
      [1, 2, 3].map((i) =>
        limiter.run(async () => {
          log.push(`start ${i}`);
          await tick();
          log.push(`end ${i}`);
        }),
      ),
    );
    expect(log).toEqual(["start 1", "end 1", "start 2", "end 2", "start 3", "end 3"]);
  });
});

describe("pauseOn", () => {
  test("a result closes the gate for the key", async () => {
    const limiter = createLimiter("9/1s", { clock: manualClock() });
    const pauseOn = vi.fn((outcome: unknown) => (outcome === 429 ? ("30s" as const) : undefined));
    expect(await limiter.run(() => 200, { key: "a", pauseOn })).toBe(200);
    expect(limiter.peek({ key: "a" }).granted).toBe(true);
    expect(await limiter.run(() => 429, { key: "a", pauseOn })).toBe(429);
    expect(limiter.peek({ key: "a" })).toMatchObject({ limit: "pause", retryAfter: 30_000 });
    expect(limiter.peek({ key: "b" }).granted).toBe(true);
    expect(pauseOn.mock.calls.map(([outcome]) => outcome)).toEqual([200, 429]);
  });

  test("so does an error, which is still thrown", async () => {
    const limiter = createLimiter("9/1s", { clock: manualClock() });
    const error = Object.assign(new Error("slow down"), { retryAfter: 5000 });
    const pauseOn = (outcome: unknown): number | undefined =>
      outcome === error ? error.retryAfter : undefined;
    await expect(limiter.run(() => Promise.reject(error), { pauseOn })).rejects.toBe(error);
    expect(limiter.peek()).toMatchObject({ limit: "pause", retryAfter: 5000 });
  });

  test("without a key it closes the gate for all", async () => {
    const limiter = createLimiter("9/1s", { clock: manualClock() });
    await limiter.run(() => 0, { pauseOn: () => "1m" });
    expect(limiter.peek({ key: "any" })).toMatchObject({ limit: "pause", retryAfter: 60_000 });
  });

  test("the slot comes back even when pauseOn throws", async () => {
    const { limiter, free } = single();
    const pauseOn = (): never => {
      throw new Error("pauseOn");
    };
    await expect(limiter.run(() => 1, { pauseOn })).rejects.toThrow("pauseOn");
    expect(free()).toBe(true);
  });
});

describe("what the function came to is what the caller gets", () => {
  test.each([
    { what: "a result", fn: () => "done", outcome: "fulfilled" },
    { what: "an error", fn: () => Promise.reject("no luck"), outcome: "no luck" },
  ])("$what, though the limiter was disposed of meanwhile", async ({ fn, outcome }) => {
    const limiter = createLimiter("9/1s", { clock: manualClock() });
    const pauseOn = vi.fn(() => "1s" as const);
    const work = async (): Promise<string> => {
      await limiter[Symbol.asyncDispose]();
      return fn();
    };
    const call = watch(limiter.run(work, { pauseOn }));
    await tick();
    expect(call.outcome).toBe(outcome);
    expect(pauseOn).toHaveBeenCalledTimes(1);
  });

  test.each([
    { what: "a result", fn: () => Promise.resolve("done"), outcome: "done" },
    { what: "an error", fn: () => Promise.reject("no luck"), outcome: "no luck" },
  ])("what is no duration is told, and $what is its cause", async ({ fn, outcome }) => {
    const { limiter, free } = single();
    const pauseOn = vi.fn(() => Number.NaN);
    const call = watch(limiter.run(fn, { pauseOn }));
    await tick();
    expect(call.outcome).toBe("INVALID_OPTION");
    expect((call.error as Error).cause).toBe(outcome);
    expect((call.error as Error).message).toMatch(/^what pauseOn returns must be .*; got NaN\.$/);
    expect(pauseOn.mock.calls).toEqual([[outcome]]);
    expect(free()).toBe(true);
  });

  test("pauseOn sees no errors but those of the function", async () => {
    const { limiter } = single();
    const pauseOn = vi.fn(() => undefined);
    const work = limiter.wrap(() => "done", { pauseOn, settle: () => -1 });
    const call = watch(work());
    await tick();
    expect(call.outcome).toBe("INVALID_COST");
    expect(pauseOn.mock.calls).toEqual([["done"]]);
  });

  test("the gate is closed before a settlement makes room", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    const work = limiter.wrap(() => 429, { cost: 2, pauseOn: () => "5s", settle: () => 1 });
    const call = watch(work());
    const next = watch(limiter.acquire());
    await clock.advance(0);
    expect([call.value, next.outcome]).toEqual([429, "pending"]);
    await clock.advance("5s");
    expect(next.outcome).toBe("fulfilled");
  });
});

test("what it acquires with: key, cost, priority, time-out", async () => {
  const clock = manualClock();
  const limiter = createLimiter("3/1s", { clock });
  await limiter.run(() => 0, { key: "a", cost: 3 });
  expect(limiter.peek({ key: "a" }).limits["3/1s"]!.used).toBe(3);
  await expect(limiter.run(() => 0, { key: "a", timeout: 999 })).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
  });
  const log: string[] = [];
  for (const name of ["low", "high"]) {
    const priority = name === "high" ? 1 : 0;
    void limiter.run(() => log.push(name), { key: "a", cost: 3, priority });
  }
  await clock.advance("3s");
  expect(log).toEqual(["high", "low"]);
});

test("what is no function is refused, and takes nothing", async () => {
  const { limiter, free } = single();
  await expect(limiter.run(Promise.resolve(1) as never)).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
  expect(free()).toBe(true);
  expect(limiter.stats().admitted).toBe(0);
});

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
