import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { HeldWorkers, startWith } from "../../test/held-workers.ts";
import type { CliError } from "../cli-error.ts";
import type { WorkerState } from "../runner/parts.ts";
import { LimiterDesk } from "./limiter-desk.ts";
import { WorkerSlot } from "./worker-slot.ts";

/** A slot whose workers are in the hands of the test. */
function slot() {
  const clock = manualClock();
  const { link, links } = new HeldWorkers();
  const states: WorkerState[] = [];
  const failures: CliError[] = [];
  const worker = new WorkerSlot({
    slot: 3,
    link,
    start: startWith(undefined),
    desk: new LimiterDesk({}, clock),
    clock,
    observer: { onWorker: (_slot, state) => states.push(state) },
    fail: (error) => {
      failures.push(error);
      worker.giveUp(error);
    },
  });
  const last = () => links.at(-1)!;
  const becomeReady = () => last().events.onReports([{ is: "ready", limits: undefined }]);
  return { clock, links, states, failures, worker, last, becomeReady };
}

const row = { index: 0, line: 1, value: "v" };

test("starts when it is first needed, and tells its worker its number", async () => {
  const { worker, links, last, becomeReady, clock } = slot();
  expect(links).toHaveLength(0);
  const ready = worker.ready();
  await clock.advance(0);
  expect(last().orders).toMatchObject([{ is: "start", start: { worker: 3, module: "job.ts" } }]);
  becomeReady();
  await ready;
  expect(worker.isReady).toBe(true);
});

test("a worker that is lost is replaced: at once, then after a pause that does not grow", async () => {
  const { worker, links, last, becomeReady, clock } = slot();
  void worker.ready();
  becomeReady();
  for (const pause of [0, 100, 100, 100]) {
    const running = worker.run(row, 1);
    const started = links.length;
    last().events.onExit("exit code 1");
    expect(await running).toMatchObject({ culprit: true, lost: { code: "WORKER_LOST" } });
    expect(worker.isReady).toBe(false);
    if (pause > 0) await clock.advance(pause - 1);
    expect(links.length).toBe(started);
    await clock.advance(1);
    expect(links.length).toBe(started + 1);
    becomeReady();
    await worker.ready();
  }
});

test("a row that comes back makes the next loss the first again", async () => {
  const { worker, links, last, becomeReady, clock } = slot();
  void worker.ready();
  becomeReady();
  for (let losses = 0; losses < 5; losses += 1) {
    const running = worker.run(row, 1);
    last().events.onReports([{ is: "value", call: 0, value: "well" }]);
    expect(await running).toEqual({ value: "well" });
    void worker.run(row, 1);
    last().events.onExit("exit code 1");
    await clock.advance(0);
    becomeReady();
  }
  expect(links).toHaveLength(6);
});

test("whoever waits for a worker waits for its replacement; three that never had a row are enough", async () => {
  const { worker, links, last, failures, clock } = slot();
  const ready = worker.ready();
  for (const pause of [0, 100]) {
    last().events.onExit("exit code 13");
    await clock.advance(pause);
  }
  expect(links).toHaveLength(3);
  last().events.onExit("exit code 13");
  await expect(ready).rejects.toMatchObject({ code: "WORKERS_FAIL" });
  expect(failures).toHaveLength(1);
  await clock.advance("1m");
  expect(links).toHaveLength(3);
});

test("of several rows in a lost worker none is known to have done it", async () => {
  const { worker, last, becomeReady } = slot();
  void worker.ready();
  becomeReady();
  const both = [worker.run(row, 1), worker.run({ ...row, index: 1 }, 1)];
  last().events.onExit("signal SIGSEGV");
  for (const outcome of await Promise.all(both)) expect(outcome).toMatchObject({ culprit: false });
});

test("silent for too long with a row in it: it is killed, and its row told why", async () => {
  const { worker, last, becomeReady, clock } = slot();
  void worker.ready();
  becomeReady();
  await clock.advance("1h");
  worker.killIfSilent(clock.now() / 1e3, 5_000);
  expect(last().killed).toBe(false); // it has nothing to say
  const running = worker.run(row, 1);
  await clock.advance("5s");
  worker.killIfSilent(clock.now() / 1e3, 5_000);
  expect(last().killed).toBe(false);
  await clock.advance(1);
  worker.killIfSilent(clock.now() / 1e3, 5_000);
  expect(await running).toMatchObject({
    lost: { message: expect.stringContaining("no sign of life") },
  });
});

test("close: ends when the worker does; one that does not obey is killed", async () => {
  const { worker, last, becomeReady, clock, states } = slot();
  void worker.ready();
  becomeReady();
  const closed = worker.close(10_000);
  await clock.advance(0);
  expect(last().orders.at(-1)).toEqual({ is: "end" });
  await clock.advance(9_999);
  expect(last().killed).toBe(false);
  await clock.advance(1);
  await closed;
  expect(states).toEqual(["starting", "ready", "ended"]);
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});
