// A worker that is blocked for good, seen from the pool: the command would wait five seconds for it.
import { join } from "node:path";
import { systemClock } from "sluice";
import { expect, test } from "vitest";
import { LimiterDesk } from "../dist/workers/limiter-desk.js";
import { startProcess, startThread } from "../dist/workers/link.js";
import { PoolExecutor } from "../dist/workers/pool-executor.js";
import { Folder } from "./sluice-process.ts";

test.each([
  ["process", startProcess],
  ["thread", startThread],
])("a %s that a row blocks is ended, and the row is told why", async (_kind, start) => {
  const folder = new Folder({ "job.mjs": "export default () => { for (;;); };" });
  const executor = new PoolExecutor({
    slots: 1,
    link: (events) => start(events, { memory: undefined, quiet: false }),
    start: {
      module: join(folder.path, "job.mjs"),
      cwd: folder.path,
      data: undefined,
      timeout: 10,
      concurrency: 1,
      limiters: [],
    },
    desk: new LimiterDesk({}, systemClock),
    clock: systemClock,
    observer: { onWorker: () => {} },
    stuckAfter: 10,
  });
  await executor.open();
  await executor.ready(0);
  const outcome = await executor.run({ index: 0, line: 1, value: 0 }, 0, 1);
  expect(outcome).toMatchObject({ culprit: true, lost: { code: "WORKER_LOST" } });
  await executor.close();
});
