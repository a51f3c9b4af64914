/** The main file of a worker that is a process. */

import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { onGroups, runningGroups } from "../exec/running-groups.ts";
import { endGroup } from "./end-group.ts";
import type { Order, Report } from "./messages.ts";
import { type Port, WorkerService } from "./serve.ts";

const parent = Number(process.argv[2]);

// It looks after the job even while this thread is busy.
new Worker(new URL("./watchdog.js", import.meta.url), {
  workerData: { parent, groups: runningGroups },
}).unref();

/** Where the job listens for the commands that run here, in case that this process is killed. */
const TELL = 4;
onGroups((change) => {
  try {
    writeSync(TELL, `${change}\n`);
  } catch {
    // The job is gone, and the watchdog about to end this process and its commands.
  }
});

const port: Port = {
  send: (reports) => {
    process.send!(reports, () => {
      if (reports.some(isLast)) process.exit(0);
    });
  },
  hold: (alive) => (alive ? process.channel?.ref() : process.channel?.unref()),
};
let service: WorkerService | undefined;

process.on("message", (orders: readonly Order[]) => {
  for (const order of orders) {
    if (order.is === "start") {
      service = new WorkerService(port, order.start);
      void service.open();
    } else service?.take(order);
  }
});
process.on("disconnect", () => endGroup(runningGroups));
// The job decides when its workers end, whoever else is told by a signal.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

function isLast({ is }: Report): boolean {
  return is === "ended";
}
