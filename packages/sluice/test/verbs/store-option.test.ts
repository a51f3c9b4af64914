/** What may be given as a store, and what is said of the rest. */

import { describe, expect, test } from "vitest";
import { createLimiter, memory, type Store } from "../../src/index.ts";
import { booked } from "../../src/shared/booked.ts";
import { manualClock } from "../../src/testing/index.ts";

function errorOf(store: unknown): unknown {
  try {
    createLimiter("1/1s", { name: "x", store: store as Store });
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("what is no store", () => {
  test.each([
    { what: "a client of a database", store: { set: () => {}, options: { password: "hush" } } },
    { what: "the function that makes a store", store: memory },
    { what: "a text", store: "redis://user:hush@host" },
    { what: "null", store: null },
  ])("$what is told in a sentence that shows nothing of it", ({ store }) => {
    expect(errorOf(store)).toMatchObject({
      code: "INVALID_OPTION",
      message:
        'store must be what a store\'s function returns, such as redis(client) of "sluice/redis"; got something without open().',
    });
  });

  test("a store that promises its answers needs a way to wait", () => {
    const { open } = memory();
    expect(errorOf({ sync: false, open })).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining('needs waiting: booked() of "sluice/store"'),
    });
    expect(errorOf({ sync: false, waiting: { grace: 20_000 }, open })).toMatchObject({
      code: "INVALID_OPTION",
    });
  });
});

describe("a store made by hand", () => {
  test("without waiting it is one process's own, and waits just in time", async () => {
    const clock = manualClock();
    const store: Store<true> = { sync: true, open: memory().open };
    const limiter = createLimiter("1/1s", { store, clock });
    limiter.tryAcquire();
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 1000 });
  });

  test("with booked() its windows are padded by the grace", () => {
    const clock = manualClock();
    const store: Store<true> = { sync: true, waiting: booked({ grace: 5 }), open: memory().open };
    const limiter = createLimiter("1/1s", { name: "x", store, clock });
    limiter.tryAcquire();
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 1005 });
  });

  test.each([{ grace: -1 }, { grace: "soon" }, { horizon: 0 }])(
    "booked(%o) makes no sense",
    (options) => {
      expect(() => booked(options as never)).toThrow(
        expect.objectContaining({ code: "INVALID_OPTION" }),
      );
    },
  );

  test("it books 20 ms of grace, a second ahead", () => {
    expect(booked()).toMatchObject({ grace: 20_000, horizon: 1_000_000 });
  });
});
