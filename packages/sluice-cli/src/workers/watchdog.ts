/** A thread of every worker process: ends it when the job is gone, even in the midst of a loop. */

import { workerData } from "node:worker_threads";
import { endGroup } from "./end-group.ts";

const { parent, groups } = workerData as { parent: number; groups: Int32Array };

setInterval(() => {
  if (process.ppid !== parent) endGroup(groups);
}, 500);
