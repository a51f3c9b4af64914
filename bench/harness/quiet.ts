/** Waits for a moment in which the machine does nothing else, but not for ever. */

import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 500;
const PATIENCE_MS = 15_000;
const LEAST_IDLE = 0.9;

/** Whether it came to be quiet. */
export async function quiet(): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  do {
    const before = idleAndAll();
    await sleep(LOOK_MS);
    const after = idleAndAll();
    if (after.idle - before.idle >= LEAST_IDLE * (after.all - before.all)) return true;
  } while (performance.now() < end);
  return false;
}

function idleAndAll(): { idle: number; all: number } {
  let [idle, all] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, all };
}
