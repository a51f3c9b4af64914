import { expect, test } from "vitest";
import { first, job, open, settle, sourceOf } from "./bench.ts";

const never = () => new Promise(() => {});

test("rows that were in a lost worker run again, alone, before it takes others", async () => {
  const ends: ((value: unknown) => void)[] = [];
  const { run, workers, memory } = job(() => new Promise((resolve) => ends.push(resolve)), {
    source: sourceOf(first(5)),
  });
  const running = run();
  await settle();
  expect(workers.running()).toEqual([0, 1, 2]);
  workers.crash();
  await settle();
  workers.restart();
  for (const suspect of [0, 1, 2]) {
    await settle();
    expect(workers.running()).toEqual([suspect]);
    ends.at(-1)!("alone");
  }
  await settle();
  expect(workers.running()).toEqual([3, 4]);
  for (const end of ends.splice(-2)) end("with others");
  await running;
  expect(memory.results).toEqual(["alone", "alone", "alone", "with others", "with others"]);
  expect(workers.starts.slice(3, 6)).toEqual(["0.2", "1.2", "2.2"]);
});

test("a row that ends its worker alone three times is set aside; the others are done", async () => {
  const { run, workers, memory, count } = job(
    async ({ index }) => {
      if (index === 1) workers.crash();
      await settle();
      return index;
    },
    { source: sourceOf(first(4)) },
  );
  const running = run();
  for (let crashes = 0; crashes < 4; crashes += 1) {
    await settle();
    await settle();
    await settle();
    workers.restart();
  }
  await running;
  expect(memory.results).toEqual([0, "ROW_KILLS_WORKER", 2, 3]);
  expect(workers.starts.filter((start) => start.startsWith("1."))).toEqual([
    "1.1",
    "1.2",
    "1.3",
    "1.4",
  ]);
  expect(count).toMatchObject({ finished: 4, failed: 1 });
});

test("other workers go on while one is away", async () => {
  const { run, workers, memory } = job(
    ({ index }, _attempt, slot) => (slot === 0 ? never() : index),
    { source: sourceOf(first(20)), concurrency: 2 },
    2,
  );
  const running = run();
  await settle();
  workers.crash(0);
  await settle();
  const away = 20 - memory.records.length;
  expect(away).toBeLessThanOrEqual(4); // those that were in it, or wait for it
  expect(away).toBeGreaterThanOrEqual(2);
  void running;
});

test("a row that was admitted while its worker went away pays for a new instant", async () => {
  const admit: (() => void)[] = [];
  let released = 0;
  const gate = {
    ...open,
    acquire: () =>
      new Promise<{ waited: number; release: () => void }>((resolve) => {
        admit.push(() => resolve({ waited: 0, release: () => void (released += 1) }));
      }),
  };
  const { run, workers, memory } = job(({ index }) => index, {
    gate,
    source: sourceOf(first(1)),
  });
  const running = run();
  await settle();
  workers.crash();
  admit[0]!();
  await settle();
  expect({ released, starts: workers.starts, asked: admit.length }).toEqual({
    released: 1,
    starts: [],
    asked: 1,
  });
  workers.restart();
  await settle();
  admit[1]!();
  await running;
  expect(memory.results).toEqual([0]);
});

test("stop: rows of a worker that is lost then are left, not run again", async () => {
  const { run, workers, memory, stop } = job(never, { source: sourceOf(first(5)) });
  const running = run();
  await settle();
  stop.stop();
  workers.crash();
  await running;
  expect(memory.skipped.toSorted()).toEqual([0, 1, 2]);
});

test("stop while suspects wait for their worker", async () => {
  const { run, workers, memory, stop } = job(never, { source: sourceOf(first(9)) });
  const running = run();
  await settle();
  workers.crash();
  await settle();
  stop.stop();
  workers.restart(); // a start that is under way is waited for
  await running;
  expect(memory.records).toEqual([]);
  expect(new Set(memory.skipped).size).toBe(memory.skipped.length);
});

test("workers that cannot be had end the job", async () => {
  const { run, workers } = job(never, { source: sourceOf(first(9)) });
  workers.isReady = () => false;
  workers.ready = () => Promise.reject(new Error("no workers"));
  await expect(run()).rejects.toThrow("no workers");
});
