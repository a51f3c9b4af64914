/** The partner's side: takes as it is told. A thread is given a buffer, a process a path. */

import { parentPort, workerData } from "node:worker_threads";
import { type Kind, shared, take, THERE_ARE, type Trier } from "./limits.ts";
import type { Order, Report, Start } from "./two.ts";

const memory = parentPort ? (workerData as Start).memory : process.argv[2]!;
const limiters = new Map<string, Trier>();
let hammering = false;
let granted = 0;
let began = 0;

function report(): void {
  const answer: Report = { granted, took: performance.now() - began };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  if (parentPort) parentPort.postMessage(answer);
  else process.send!(answer);
}

/** In slices, between which orders are read. */
function hammer(limiter: Trier): void {
  if (!hammering) return;
  granted += take(limiter, 5_000);
  setImmediate(() => hammer(limiter));
}

(parentPort ?? process).on("message", ({ kind, task }: Order) => {
  let limiter = limiters.get(kind);
  if (!limiter) limiters.set(kind, (limiter = shared(kind as Kind, memory)));
  if (task === "drain") granted = take(limiter, 2 * THERE_ARE);
  hammering = task === "hammer";
  if (hammering) {
    granted = 0;
    began = performance.now();
    setImmediate(hammer, limiter);
  }
  report();
});
