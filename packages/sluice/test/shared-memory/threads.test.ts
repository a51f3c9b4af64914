// Threads that fight for the same keys of one SharedArrayBuffer, judged by what all were granted.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { buildHammer } from "./built-hammer.ts";
import { breachOf, MIXES, type Order, recordsOf } from "./order.ts";

const THREADS = 3;
const hammer = buildHammer();
afterAll(() => rmSync(hammer));

function thread(order: Order): Promise<void> {
  const worker = new Worker(hammer, { workerData: order });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}

test.each(Object.keys(MIXES))("threads keep the promise of %s together", async (mix) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  try {
    const memory = new SharedArrayBuffer(4 * 2 ** 20);
    const ready = { counter: new SharedArrayBuffer(4), of: THREADS };
    const orders = Array.from({ length: THREADS }, (_, i) => ({
      memory,
      log: join(folder, `${i}.log`),
      mix,
      keys: mix === "exactly" ? 1 : 2,
      books: mix === "window" || mix === "rates" || mix === "pace",
      millis: 400,
      seed: i + 1,
      ready,
    }));
    await Promise.all(orders.map(thread));
    const logs = orders.map(({ log }) => log);
    const records = recordsOf(logs);
    expect(breachOf(mix, records)).toBeUndefined();
    const each = logs.map((log) => recordsOf([log]).length);
    // They met: every thread was granted something.
    expect(Math.min(...each)).toBeGreaterThan(0);
    if (mix !== "exactly") return;
    expect(records.reduce((sum, { units }) => sum + units, 0)).toBe(5_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
