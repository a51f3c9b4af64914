/** How `map` ends: errors, breaking out, signals. Whatever happens, nothing is left behind. */

import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, unlimited } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "./outcomes.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Endless input that tells whether it was closed, and how far it was read. */
function source(): { inputs: Generator<number>; state: { read: number; closed: number } } {
  const state = { read: 0, closed: 0 };
  function* numbers(): Generator<number> {
    try {
      for (;;) yield state.read++;
    } finally {
      state.closed++;
    }
  }
  return { inputs: numbers(), state };
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe("an error of the function", () => {
  test("is thrown; the input is closed; who waits is aborted; the slots come back", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(2), { clock });
    const { inputs, state } = source();
    const error = new Error("at 3");
    const results = limiter.map(
      inputs,
      async (x) => {
        await tick();
        if (x === 3) throw error;
        return x;
      },
      { concurrency: 5, ordered: true },
    );
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const result of results) seen.push(result);
      })(),
    ).rejects.toBe(error);
    expect(seen).toEqual([0, 1, 2]);
    expect(state.closed).toBe(1);
    expect(limiter.stats().waiting).toBe(0);
    expect(limiter.tryAcquire({ cost: 2 }).granted).toBe(true);
    expect(clock.timers().active).toBe(0);
  });

  test("lets those that run end first", async () => {
    const clock = manualClock();
    const limiter = createLimiter(unlimited, { clock });
    const ended: number[] = [];
    const call = watch(
      collect(
        limiter.map([10, 50, 30], async (ms) => {
          await new Promise<void>((resolve) => void clock.setTimer(ms, resolve));
          if (ms === 10) throw new Error("first");
          ended.push(ms);
        }),
      ),
    );
    await clock.advance(49);
    expect([call.outcome, ended]).toEqual(["pending", [30]]);
    await clock.advance(1);
    expect(call.error).toEqual(new Error("first"));
    expect(ended).toEqual([30, 50]);
  });

  test("surfaces although the input is still to come", async () => {
    async function* live(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => undefined);
    }
    const error = new Error("bad");
    const results = createLimiter(unlimited).map(live(), () => Promise.reject(error));
    const call = watch(results.next());
    await tick();
    await tick();
    expect(call.error).toBe(error);
  });
});

describe("an input that cannot be closed", () => {
  test.each([
    {
      how: "throws",
      end: (): never => {
        throw new Error("closing");
      },
    },
    { how: "rejects", end: () => Promise.reject(new Error("closing")) },
  ])("and $how does not replace the failure, nor cut off what runs", async ({ end }) => {
    const clock = manualClock();
    let next = 0;
    const inputs = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ value: next++, done: false }),
        return: end,
      }),
    } as AsyncIterable<number>;
    const error = new Error("at 0");
    let ended = false;
    const work = async (input: number): Promise<void> => {
      if (input === 0) throw error;
      await new Promise<void>((resolve) => void clock.setTimer(50, resolve));
      ended = true;
    };
    const limiter = createLimiter(unlimited, { clock });
    const call = watch(collect(limiter.map(inputs, work, { concurrency: 2 })));
    await clock.advance(49);
    expect([call.outcome, ended]).toEqual(["pending", false]);
    await clock.advance(1);
    expect([call.error, ended]).toEqual([error, true]);
  });

  test("is told to who breaks out", async () => {
    const error = new Error("closing");
    function* numbers(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- an input that fails at its end.
        throw error;
      }
    }
    const loop = async (): Promise<void> => {
      for await (const each of createLimiter(unlimited).map(numbers(), (x) => x)) {
        if (each === 1) break;
      }
    };
    await expect(loop()).rejects.toBe(error);
  });
});

test("an error of the input is thrown, after what it gave", async () => {
  const error = new Error("cut off");
  function* broken(): Generator<number> {
    yield 1;
    yield 2;
    throw error;
  }
  const limiter = createLimiter(concurrency(4), { clock: manualClock() });
  await expect(collect(limiter.map(broken(), async (x) => x))).rejects.toBe(error);
  expect(limiter.tryAcquire({ cost: 4 }).granted).toBe(true);
});

describe("breaking out", () => {
  test("closes the input, and aborts who waits", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    const { inputs, state } = source();
    const seen: number[] = [];
    for await (const result of limiter.map(inputs, (x) => x, { concurrency: 6 })) {
      seen.push(result);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([0, 1]);
    expect(state.closed).toBe(1);
    expect(limiter.stats()).toMatchObject({ waiting: 0, admitted: 2 });
    expect(clock.timers().active).toBe(0);
  });

  test("closes an async input too", async () => {
    let closed = false;
    async function* numbers(): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        await tick();
        closed = true;
      }
    }
    for await (const each of createLimiter(unlimited).map(numbers(), (x) => x)) {
      if (each >= 0) break;
    }
    expect(closed).toBe(true);
  });

  test("throwing out as well", async () => {
    const { inputs, state } = source();
    const out = new Error("out");
    const loop = async (): Promise<void> => {
      for await (const each of createLimiter(unlimited).map(inputs, (x) => x)) {
        if (each !== undefined) throw out;
      }
    };
    await expect(loop()).rejects.toBe(out);
    expect(state.closed).toBe(1);
  });
});

describe("a signal", () => {
  test("that was aborted before: nothing is read", async () => {
    const { inputs, state } = source();
    const signal = AbortSignal.abort("early");
    const results = createLimiter(unlimited).map(inputs, (x) => x, { signal });
    await expect(results.next()).rejects.toBe("early");
    expect(state.read).toBe(0);
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });

  test("ends the waits; the listener is removed", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    const abort = new AbortController();
    const { inputs, state } = source();
    const results = limiter.map(inputs, (x) => x, { signal: abort.signal, concurrency: 3 });
    expect(await results.next()).toEqual({ value: 0, done: false });
    const next = watch(results.next());
    await clock.advance(500);
    abort.abort("enough");
    await clock.advance(0);
    expect(next.outcome).toBe("enough");
    expect(state.closed).toBe(1);
    expect(limiter.stats().waiting).toBe(0);
    expect(getEventListeners(abort.signal, "abort").length).toBe(0);
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  test("between two results: no more come", async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    const loop = async (): Promise<void> => {
      const { signal } = abort;
      const results = createLimiter(unlimited).map([0, 1, 2], (x) => x, { signal, ordered: true });
      for await (const result of results) {
        seen.push(result);
        abort.abort("enough");
      }
    };
    await expect(loop()).rejects.toBe("enough");
    expect(seen).toEqual([0]);
  });

  test("while the input is still to come", async () => {
    async function* live(): AsyncGenerator<number> {
      await new Promise(() => undefined);
      yield 1;
    }
    const abort = new AbortController();
    const results = createLimiter(unlimited).map(live(), (x) => x, { signal: abort.signal });
    const next = watch(results.next());
    await tick();
    abort.abort("enough");
    await tick();
    expect(next.outcome).toBe("enough");
  });

  test("is removed after the end", async () => {
    const { signal } = new AbortController();
    await collect(createLimiter(unlimited).map([1, 2, 3], (x) => x, { signal }));
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });
});

test("the limiter's end ends the map", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  const { inputs, state } = source();
  const results = limiter.map(inputs, (x) => x, { concurrency: 2 });
  await results.next();
  const next = watch(results.next());
  await clock.advance(0);
  await limiter[Symbol.asyncDispose]();
  await clock.advance(0);
  expect(next.outcome).toBe("LIMITER_CLOSED");
  expect(state.closed).toBe(1);
});
