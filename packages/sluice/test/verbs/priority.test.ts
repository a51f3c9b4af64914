import { expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { outcomes, watch } from "./outcomes.ts";

test("the higher priority goes first, first come among equals", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const served: string[] = [];
  for (const name of ["0a", "2a", "1a", "2b", "0b", "1b"]) {
    void limiter.acquire({ priority: Number(name[0]) }).then(() => served.push(name));
  }
  await clock.advance("6s");
  expect(served).toEqual(["2a", "2b", "1a", "1b", "0a", "0b"]);
});

test.each([
  { after: 999, first: "later" },
  { after: 1001, first: "earlier" },
])("a step is worth 1 s of waiting: $after ms later, the $first goes first", async (row) => {
  const clock = manualClock();
  const limiter = createLimiter("1/5s", { clock });
  limiter.tryAcquire();
  const served: string[] = [];
  void limiter.acquire().then(() => served.push("earlier"));
  await clock.advance(row.after);
  void limiter.acquire({ priority: 1 }).then(() => served.push("later"));
  await clock.advance("10s");
  expect(served[0]).toBe(row.first);
  expect(served.length).toBe(2);
});

test("ageing is an option", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/5s", { clock, ageing: 100 });
  limiter.tryAcquire();
  const served: string[] = [];
  void limiter.acquire().then(() => served.push("0"));
  await clock.advance(150);
  void limiter.acquire({ priority: 1 }).then(() => served.push("1"));
  void limiter.acquire({ priority: 2 }).then(() => served.push("2"));
  await clock.advance("15s");
  expect(served).toEqual(["2", "0", "1"]);
});

test("nothing starves: a low one is overtaken only by those who came in time", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const served: string[] = [];
  void limiter.acquire().then(() => served.push("low"));
  await clock.advance(100);
  for (let i = 0; i < 20; i++) {
    void limiter.acquire({ priority: 5 }).then(() => served.push(`high ${i}`));
    await clock.advance(500);
  }
  await clock.advance("20s");
  // At 0.1 s, 0.6 s, …: ten of them came within 5 s of the low one.
  expect(served.indexOf("low")).toBe(10);
  expect(served.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => `high ${i}`));
});

test("a newcomer with a smaller rank is asked at once", async () => {
  const clock = manualClock();
  const limiter = createLimiter("5/10s", { clock });
  limiter.tryAcquire({ cost: 3 });
  const large = watch(limiter.acquire({ cost: 5 }));
  const equal = watch(limiter.acquire({ cost: 1 }));
  const higher = watch(limiter.acquire({ cost: 1, priority: 1 }));
  await clock.advance(0);
  expect(outcomes([large, equal, higher])).toEqual(["pending", "pending", "fulfilled"]);
  await clock.advance("20s");
  expect(outcomes([large, equal])).toEqual(["fulfilled", "fulfilled"]);
});

test("also before one of a negative priority", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ slots: concurrency(3) }, { clock });
  limiter.tryAcquire({ cost: { slots: 2 } });
  const large = watch(limiter.acquire({ cost: { slots: 3 }, priority: -5 }));
  const small = watch(limiter.acquire());
  await clock.advance(0);
  expect(outcomes([large, small])).toEqual(["pending", "fulfilled"]);
});

test("priority counts over the keys that wait for a limit of the limiter", async () => {
  const clock = manualClock();
  const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
  limiter.tryAcquire();
  const served: string[] = [];
  for (const name of ["0a", "1b", "0c", "2d", "1b"]) {
    void limiter
      .acquire({ key: name[1]!, priority: Number(name[0]) })
      .then(() => served.push(name));
    clock.block(1);
  }
  await clock.advance("6s");
  expect(served).toEqual(["2d", "1b", "1b", "0a", "0c"]);
});

test.each([-1e20, 1_000_001, 0.5, Number.NaN, "high"])(
  "a priority of %o is refused",
  async (priority) => {
    const limiter = createLimiter("1/1s", { clock: manualClock() });
    const call = watch(limiter.acquire({ priority: priority as never }));
    await Promise.resolve();
    expect(call.error).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("a whole number from -1000000 to 1000000; got "),
    });
  },
);

test("the lowest and the highest keep the order of arrival over keys", async () => {
  const clock = manualClock();
  for (const priority of [-1_000_000, 1_000_000]) {
    const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
    limiter.tryAcquire();
    const served: string[] = [];
    for (const key of ["b", "a", "c"]) {
      void limiter.acquire({ key, priority }).then(() => served.push(key));
      clock.block(0.001);
    }
    await clock.advance("3s");
    expect(served).toEqual(["b", "a", "c"]);
  }
});
