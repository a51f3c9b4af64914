import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { HeldWorkers, startWith } from "../../test/held-workers.ts";
import { LimiterDesk } from "./limiter-desk.ts";
import { PoolExecutor } from "./pool-executor.ts";

/** Three workers in the hands of the test. */
function pool(timeout?: number) {
  const clock = manualClock();
  const { link, links } = new HeldWorkers();
  const executor = new PoolExecutor({
    slots: 3,
    link,
    start: startWith(timeout),
    desk: new LimiterDesk({}, clock),
    clock,
    observer: { onWorker: () => {} },
  });
  const becomeReady = (at: number) => links[at]!.events.onReports([{ is: "ready", limits: "5/s" }]);
  const open = async (): Promise<void> => {
    const opened = executor.open();
    becomeReady(0);
    expect(await opened).toBe("5/s");
  };
  return { clock, links, executor, becomeReady, open };
}

const row = { index: 0, line: 1, value: "v" };

test("the first row waits for all workers, which start after the first has shown that it can", async () => {
  const { clock, links, executor, becomeReady, open } = pool();
  await open();
  await clock.advance(0);
  expect([links.length, executor.isReady(0)]).toEqual([1, false]);
  let isReady = false;
  const ready = executor.ready(0).then(() => (isReady = true));
  expect(links).toHaveLength(3);
  becomeReady(2);
  await clock.advance("1h");
  expect(isReady).toBe(false);
  becomeReady(1);
  await ready;
  expect([0, 1, 2].map((slot) => executor.isReady(slot))).toEqual([true, true, true]);
});

test("later on a worker that is lost holds no other up", async () => {
  const { links, executor, becomeReady, open } = pool();
  await open();
  const ready = executor.ready(0);
  for (const at of [1, 2]) becomeReady(at);
  await ready;
  links[1]!.events.onExit("exit code 7");
  expect([0, 1, 2].map((slot) => executor.isReady(slot))).toEqual([true, false, true]);
});

test("a worker that gives no sign of life after a time-out is killed, and its row the culprit", async () => {
  const { clock, links, executor, becomeReady, open } = pool(50);
  await open();
  const ready = executor.ready(0);
  for (const at of [1, 2]) becomeReady(at);
  await ready;
  const outcome = executor.run(row, 2, 1);
  await clock.advance("5s");
  expect(links[2]!.killed).toBe(false);
  await clock.advance("1s");
  expect(links.slice(0, 3).map(({ killed }) => killed)).toEqual([false, false, true]);
  expect(await outcome).toMatchObject({
    culprit: true,
    lost: {
      code: "WORKER_LOST",
      message: "worker 2 ended: it was killed, for it gave no sign of life for 5050 ms",
    },
  });
});
