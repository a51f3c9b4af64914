// Threads that fight for the same keys of one SharedArrayBuffer.
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Order } from "./order.ts";

const THREADS = 3;

/** Lets them fight over a mix, and gives the files with what each was granted. */
export async function threadsTogether(
  hammer: string,
  folder: string,
  mix: string,
): Promise<string[]> {
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
  await Promise.all(orders.map((order) => thread(hammer, order)));
  return orders.map(({ log }) => log);
}

function thread(hammer: string, order: Order): Promise<void> {
  const worker = new Worker(hammer, { workerData: order });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}
