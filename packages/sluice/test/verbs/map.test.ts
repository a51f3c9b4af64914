import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, unlimited, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, watch } from "./outcomes.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The numbers from 0 to below `end`, and how many were read so far. */
function counted(end: number): { inputs: Generator<number>; read: () => number } {
  let read = 0;
  function* numbers(): Generator<number> {
    for (let i = 0; i < end; i++) {
      read++;
      yield i;
    }
  }
  return { inputs: numbers(), read: () => read };
}

async function* slowly(values: readonly number[]): AsyncGenerator<number> {
  for (const value of values) {
    await tick();
    yield value;
  }
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe("inputs", () => {
  test.each([
    { name: "an array", inputs: () => [1, 2, 3] },
    { name: "a set", inputs: () => new Set([1, 2, 3]) },
    { name: "a generator", inputs: () => [1, 2, 3].values() },
    { name: "an async generator", inputs: () => slowly([1, 2, 3]) },
  ])("$name", async ({ inputs }) => {
    const limiter = createLimiter("9/1s");
    const results = limiter.map(inputs(), (x: number, i) => [x * 10, i], { ordered: true });
    expect(await collect(results)).toEqual([
      [10, 0],
      [20, 1],
      [30, 2],
    ]);
    expect(limiter.stats().admitted).toBe(3);
  });

  test("a string is one too", async () => {
    const results = createLimiter("9/1s").map("abc", (c) => c.toUpperCase(), { ordered: true });
    expect(await collect(results)).toEqual(["A", "B", "C"]);
  });

  test("none at all", async () => {
    expect(await collect(createLimiter("9/1s").map([], () => 1))).toEqual([]);
  });

  test.each([5, null, undefined, {}])("%o is refused at the call", (inputs) => {
    const limiter = createLimiter("9/1s");
    expect(codeOf(() => limiter.map(inputs as never, () => 1))).toBe("INVALID_OPTION");
  });

  test("so is what is no function", () => {
    const limiter = createLimiter("9/1s");
    expect(codeOf(() => limiter.map([1], "fetch" as never))).toBe("INVALID_OPTION");
  });

  test("nothing is read before the first result is asked for", async () => {
    let opened = 0;
    const inputs = { [Symbol.iterator]: () => (opened++, [7].values()) };
    const results = createLimiter("9/1s").map(inputs, (x) => x);
    expect(opened).toBe(0);
    expect(await collect(results)).toEqual([7]);
  });
});

test("results come as they complete, or in the order of the input", async () => {
  for (const ordered of [false, true]) {
    const clock = manualClock();
    const limiter = createLimiter(unlimited, { clock });
    const sleep = (ms: number): Promise<number> =>
      new Promise((resolve) => void clock.setTimer(ms, () => resolve(ms)));
    const results = watch(collect(limiter.map([30, 10, 20], sleep, { ordered })));
    await clock.advance(30);
    expect(results.value).toEqual(ordered ? [30, 10, 20] : [10, 20, 30]);
  }
});

test("each call goes through the limiter, with key and cost of its input", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ calls: window(2, "1s"), bytes: window(10, "1s") }, { clock });
  const started: [string, number][] = [];
  const inputs = ["a3", "a4", "b9", "a1", "a9"];
  const results = watch(
    collect(
      limiter.map(inputs, (input) => started.push([input, clock.now()]), {
        key: (input) => input[0]!,
        cost: (input) => ({ calls: 1, bytes: Number(input[1]) }),
      }),
    ),
  );
  await clock.advance("5s");
  expect(results.outcome).toBe("fulfilled");
  expect(started).toEqual([
    ["a3", 0],
    ["a4", 0],
    ["b9", 0],
    ["a1", 1e6],
    ["a9", 1e6],
  ]);
});

describe("laziness", () => {
  test("nothing is read before the first result is asked for", async () => {
    const { inputs, read } = counted(9);
    const results = createLimiter(unlimited).map(inputs, (x) => x);
    await tick();
    expect(read()).toBe(0);
    await results.return();
    expect(read()).toBe(0);
  });

  test.each([true, false])(
    "reads ahead by `concurrency`, exactly (ordered: %s)",
    async (ordered) => {
      const { inputs, read } = counted(100);
      const gates: (() => void)[] = [];
      const work = (x: number): Promise<number> =>
        new Promise((resolve) => gates.push(() => resolve(x)));
      const results = createLimiter(unlimited).map(inputs, work, { concurrency: 4, ordered });
      const reads: number[] = [];
      for (let i = 0; i < 6; i++) {
        const next = results.next();
        await tick();
        reads.push(read());
        gates[i]!();
        expect(await next).toEqual({ value: i, done: false });
        await tick();
        expect(read()).toBe(reads[i]);
      }
      expect(reads).toEqual([4, 5, 6, 7, 8, 9]);
      const closed = results.return();
      for (const open of gates) open();
      await closed;
    },
  );

  test("16 unless told otherwise", async () => {
    const { inputs, read } = counted(100);
    const gate = manualClock();
    const work = (): Promise<void> => new Promise((resolve) => void gate.setTimer(1, resolve));
    const results = watch(collect(createLimiter(unlimited).map(inputs, work)));
    await gate.advance(0);
    expect(read()).toBe(16);
    await gate.advance("1s");
    expect(results.value!.length).toBe(100);
  });

  test("no more run at once than `concurrency`", async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await tick();
      running--;
    };
    await collect(createLimiter(unlimited).map(counted(20).inputs, work, { concurrency: 3 }));
    expect(most).toBe(3);
  });

  test("no more run at once than the limiter allows", async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await tick();
      running--;
    };
    const limiter = createLimiter(concurrency(2));
    await collect(limiter.map(counted(20).inputs, work, { concurrency: 8 }));
    expect(most).toBe(2);
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test.each([0, -1, 1.5, Number.NaN])("concurrency %s is refused at the call", (lanes) => {
    const limiter = createLimiter(unlimited);
    expect(codeOf(() => limiter.map([1], (x) => x, { concurrency: lanes }))).toBe("INVALID_OPTION");
  });
});

test("a result does not wait for inputs that are still to come", async () => {
  async function* live(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => undefined);
  }
  for (const ordered of [true, false]) {
    const results = createLimiter(unlimited).map(live(), (x) => x * 2, { ordered });
    const first = watch(results.next());
    await tick();
    expect(first.value).toEqual({ value: 2, done: false });
  }
});

test("its calls run in the order of the input", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  const started: number[] = [];
  const results = watch(collect(limiter.map([0, 1, 2, 3, 4], (i) => started.push(i))));
  await clock.advance("5s");
  expect(results.outcome).toBe("fulfilled");
  expect(started).toEqual([0, 1, 2, 3, 4]);
});
