import { PassThrough } from "node:stream";
import { createLimiter, parseLimit } from "sluice";
import { manualClock, type ManualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { barLine, workersLine } from "./bars.ts";
import { showProgress } from "./display.ts";
import type { JobLimitsAtWork } from "./eta.ts";
import { endEvent } from "./json-events.ts";
import { logLine } from "./log-lines.ts";
import { summary } from "./summary.ts";
import { Tally } from "./tally.ts";
import { rateOf, Viewer } from "./view.ts";

const limits = { "10/1s": parseLimit("10/1s"), "1000/1h": parseLimit("1000/1h") };

/** What holds a job back that has a limiter nobody has asked yet. */
function workOf(clock: ManualClock, concurrency = 20): JobLimitsAtWork {
  const limiter = createLimiter(limits, { clock });
  const gate = { limits, margin: 0, snapshot: () => limiter.snapshot(), binding: () => "10/1s" };
  return { gate, slots: 1, concurrency };
}

/** A job in its fourth second at 10 rows a second, with one failed and one unreadable row. */
async function someJob(clock: ManualClock): Promise<{ tally: Tally; viewer: Viewer }> {
  const tally = new Tally(clock);
  const viewer = new Viewer({ tally, clock, windowMs: 1000, work: workOf(clock) });
  for (let second = 0; second < 3; second += 1) {
    viewer.view();
    for (let row = 0; row < 10; row += 1) {
      const attempt = { index: 10 * second + row, attempt: 1, slot: 0 };
      tally.onRead();
      tally.onStarted(attempt, 500);
      if (second === 2) continue;
      tally.onEnded(attempt);
      tally.onFinished(row === 0 && second === 0);
    }
    if (second < 2) await clock.advance("1s");
  }
  tally.onRead();
  tally.onUnreadable();
  tally.onRead();
  tally.estimateTotal(100);
  return { tally, viewer };
}

const rates = { allowed: "10/s", windowMs: 1000 };

test("a view has the rate, the wait, what holds it back, and the time that is left", async () => {
  const clock = manualClock();
  const { viewer } = await someJob(clock);
  expect(viewer.view()).toEqual({
    total: 100,
    read: 32,
    started: 31,
    finished: 21,
    failed: 2,
    retries: 0,
    inFlight: 10,
    rate: 10,
    wait: 500,
    binds: "10/1s",
    eta: 6_000,
    workers: [{ running: 10, load: 0.5, crashes: 0 }],
  });
});

test("what holds a job back: a limit, its calls at once, its input, or nothing", () => {
  const clock = manualClock();
  const tally = new Tally(clock);
  const viewer = new Viewer({ tally, clock, windowMs: 0, work: workOf(clock, 1) });
  expect(viewer.view().binds).toBe("input");
  tally.onRead();
  expect(viewer.view().binds).toBe("10/1s");
  tally.onStarted({ index: 0, attempt: 1, slot: 0 }, 0);
  expect(viewer.view().binds).toBe("concurrency");
  tally.onInputEnd();
  expect(viewer.view().binds).toBeUndefined();
});

test("the time that is left is asked of the limits, and counts down", async () => {
  const clock = manualClock();
  const tally = new Tally(clock);
  const viewer = new Viewer({ tally, clock, windowMs: 1000, work: workOf(clock) });
  expect(viewer.view().eta).toBeUndefined();
  tally.estimateTotal(2_001);
  expect(viewer.view().eta).toBe(7_200_000);
  await clock.advance("1500ms");
  expect(viewer.view().eta).toBe(7_198_500);
  await clock.advance("500ms");
  expect(viewer.view().eta).toBe(7_200_000); // nothing was started meanwhile: asked anew
});

test("rows that are tried again, and workers that are lost", () => {
  const clock = manualClock();
  const tally = new Tally(clock);
  tally.onWorker(1, "ready");
  tally.onStarted({ index: 0, attempt: 1, slot: 1 }, 0);
  tally.onEnded({ index: 0, attempt: 1, slot: 1 });
  tally.onRetry();
  tally.onWorker(1, "crashed");
  tally.onStarted({ index: 0, attempt: 2, slot: 1 }, 0);
  expect(tally).toMatchObject({ started: 1, calls: 2, retries: 1, crashes: 1, running: 1 });
  expect(tally.workers[1]).toEqual({ state: "crashed", running: 1, ended: 1, crashes: 1 });
  tally.onSkipped();
  tally.onRead();
  tally.onInputEnd();
  expect(tally.total).toBe(2);
});

test("the rate is that of the last half minute", async () => {
  const clock = manualClock();
  const tally = new Tally(clock);
  const viewer = new Viewer({ tally, clock, windowMs: 0, work: workOf(clock) });
  for (let second = 0; second < 60; second += 1) {
    for (let row = 0; row < (second < 29 ? 100 : 5); row += 1) {
      tally.onStarted({ index: row, attempt: 1, slot: 0 }, 0);
    }
    await clock.advance("1s");
    viewer.view();
  }
  expect(viewer.view().rate).toBe(5);
});

test("a job that keeps its rate never seems to be above it", () => {
  expect(rateOf(100, 0, 1000)).toBe(100);
  expect(rateOf(500, 4_000, 1000)).toBe(100);
  expect(rateOf(500, 4_990, 1000)).toBeLessThan(100);
  expect(rateOf(500, 4_000, 0)).toBe(125);
  expect(rateOf(0, 0, 0)).toBe(0);
});

test("the input's end settles the total, whatever was estimated", () => {
  const tally = new Tally(manualClock());
  tally.estimateTotal(7);
  tally.onRead();
  tally.onInputEnd();
  tally.estimateTotal(7);
  expect(tally.total).toBe(1);
});

test("the three bars", async () => {
  const { viewer } = await someJob(manualClock());
  const view = viewer.view();
  const bars = (["read", "started", "finished"] as const).map((step) =>
    barLine(step, view, "10/s", 100),
  );
  expect(bars).toEqual([
    "read     █████░░░░░░░░░░░  32 of 100",
    "started  █████░░░░░░░░░░░  31 of 100  10.0/s (allowed 10/s) held by 10/1s, waiting 500 ms",
    "finished ███░░░░░░░░░░░░░  21 of 100  10 in flight, 2 failed, ETA 6.0 s",
  ]);
  expect(barLine("read", { ...view, total: undefined }, "10/s", 80)).toBe("read     32");
});

test("what others leave of a shared limit is known by what the job got of it so far", async () => {
  const clock = manualClock();
  const { tally } = await someJob(clock);
  const { gate, ...work } = workOf(clock);
  const shared = { ...work, gate: { ...gate, store: '"api" in redis://h' } };
  const viewer = new Viewer({ tally, clock, windowMs: 0, work: shared });
  // 30 were started in 2 s, and 69 are left.
  expect(viewer.view().eta).toBe(4_600);
});

test("the workers' line", () => {
  const loads = [0, 0.01, 0.5, 1];
  const workers = loads.map((load) => ({ load, running: 0, crashes: 1 }));
  expect(workersLine(workers, 80)).toBe("workers  ·▁▄█  4, 38 % of their calls in use, 4 crashes");
});

test("a log line", async () => {
  const { tally, viewer } = await someJob(manualClock());
  expect(logLine(viewer.view())).toBe(
    "read 32 of 100, started 31, finished 21, 2 failed, 10 in flight, 10.0/s held by 10/1s, waiting 500 ms, ETA 6.0 s",
  );
  tally.onRetry();
  tally.onWorker(0, "crashed");
  expect(logLine(viewer.view())).toContain("2 failed, 1 retry, 1 crash, 10 in flight");
});

test("events for programs", async () => {
  const clock = manualClock();
  const { tally } = await someJob(clock);
  const { stream, text } = terminal(true);
  const host = { stderr: stream, stdout: stream, env: {}, clock };
  const options = { ...rates, work: workOf(clock), toStdout: false, json: true };
  const display = showProgress(tally, host, options);
  display.note("a note");
  await clock.advance("1s");
  display.stop();
  stream.write(endEvent(tally, { ...rates, early: true, output: "standard output" }, clock));
  const events = text()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual(["note", "progress", "progress", "end"]);
  expect(events[1]).toMatchObject({ time: clock.wall(), total: 100, started: 31, binds: "10/1s" });
  expect(events[3]).toMatchObject({ rows: 21, ok: 19, failed: 2, unreadable: 1, early: true });
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("summaries", async () => {
  const { tally } = await someJob(manualClock());
  const ending = { ...rates, early: false, output: '"out.jsonl"' };
  expect(summary(new Tally(manualClock()), ending)).toBe(
    "no rows: the input is empty, or --first is 0\n",
  );
  expect(summary(tally, { ...ending, early: true })).toBe(
    [
      "21 rows done in 1.0 s: 19 ok, 2 failed (1 of them could not be read)",
      "10.0/s (allowed 10/s), each waited 500 ms on average",
      "10 rows started and given up: not in the results",
      "69 rows not started",
      'results in "out.jsonl"\n',
    ].join("\n"),
  );
  expect(summary(tally, { ...ending, store: '"api" in redis://h' })).toContain(
    'on average\nlimits shared as "api" in redis://h\n',
  );
  tally.estimateTotal(undefined);
  expect(summary(tally, { ...ending, early: true })).toContain(
    "\n1 row read and not started; the input was not read to its end\n",
  );
});

function terminal(isTTY: boolean): {
  stream: PassThrough & { isTTY: boolean; columns: number };
  text: () => string;
} {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  return { stream, text: () => String(stream.read() ?? "") };
}

test("without a terminal: a line every five seconds, none after the end, nothing kept alive", async () => {
  const clock = manualClock();
  const { tally } = await someJob(clock);
  const { stream, text } = terminal(false);
  const host = { stderr: stream, stdout: stream, env: {}, clock };
  const display = showProgress(tally, host, { ...rates, work: workOf(clock), toStdout: false });
  expect(clock.timers()).toEqual({ active: 0, idle: 1 });
  await clock.advance("11s");
  expect(text().match(/^read 32 of 100, .*$/gm)).toHaveLength(2);
  display.note("a note");
  display.stop();
  await clock.advance("11s");
  expect(text()).toBe("a note\n");
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("on a terminal: three bars, drawn a last time at the end, and the cursor back", async () => {
  const clock = manualClock();
  const { tally } = await someJob(clock);
  const { stream, text } = terminal(true);
  const host = { stderr: stream, stdout: terminal(false).stream, env: {}, clock };
  const display = showProgress(tally, host, { ...rates, work: workOf(clock), toStdout: false });
  display.stop();
  const screen = text();
  for (const step of ["read", "started", "finished"]) expect(screen).toContain(`${step} `);
  expect(screen.lastIndexOf("\u001B[?25h")).toBeGreaterThan(screen.lastIndexOf("\u001B[?25l"));
});

test.each([
  ["a terminal that also shows the results", { toStdout: true }, {}],
  ["a terminal that cannot draw", { toStdout: false }, { TERM: "dumb" }],
])("%s gets no bars", (_what, { toStdout }, env) => {
  const { stream, text } = terminal(true);
  const clock = manualClock();
  const host = { stderr: stream, stdout: stream, env, clock };
  showProgress(new Tally(clock), host, { ...rates, work: workOf(clock), toStdout }).stop();
  expect(text()).toBe("");
});
