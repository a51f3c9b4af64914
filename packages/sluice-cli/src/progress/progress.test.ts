import { PassThrough } from "node:stream";
import { manualClock, type ManualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { barLine } from "./bars.ts";
import { showProgress } from "./display.ts";
import { logLine } from "./log-lines.ts";
import { summary } from "./summary.ts";
import { Tally } from "./tally.ts";
import { rateOf, Viewer } from "./view.ts";

/** A job in its fourth second at 10 rows a second, with one failed and one unreadable row. */
async function someJob(clock: ManualClock): Promise<{ tally: Tally; viewer: Viewer }> {
  const tally = new Tally(clock);
  const viewer = new Viewer(tally, 1000);
  for (let second = 0; second < 3; second += 1) {
    viewer.view(clock.now());
    for (let row = 0; row < 10; row += 1) {
      tally.onRead();
      tally.onStarted(500);
      if (second < 2) tally.onFinished(row === 0 && second === 0);
    }
    await clock.advance("1s");
  }
  tally.onRead();
  tally.onUnreadable();
  tally.onRead();
  tally.estimateTotal(100);
  return { tally, viewer };
}

const rates = { allowed: "10/s", windowMs: 1000 };

test("a view has the rate, the wait, and the time that is left", async () => {
  const clock = manualClock();
  const { viewer } = await someJob(clock);
  expect(viewer.view(clock.now() - 1e6)).toEqual({
    total: 100,
    read: 32,
    started: 31,
    finished: 21,
    failed: 2,
    inFlight: 10,
    rate: 10,
    wait: 500,
    eta: 7_900,
  });
});

test("the rate is that of the last half minute", async () => {
  const clock = manualClock();
  const tally = new Tally(clock);
  const viewer = new Viewer(tally, 0);
  for (let second = 0; second < 60; second += 1) {
    for (let row = 0; row < (second < 29 ? 100 : 5); row += 1) tally.onStarted(0);
    await clock.advance("1s");
    viewer.view(clock.now());
  }
  expect(viewer.view(clock.now()).rate).toBe(5);
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
  const clock = manualClock();
  const { viewer } = await someJob(clock);
  const view = viewer.view(clock.now() - 1e6);
  const bars = (["read", "started", "finished"] as const).map((step) =>
    barLine(step, view, "10/s", 80),
  );
  expect(bars).toEqual([
    "read     █████░░░░░░░░░░░  32 of 100",
    "started  █████░░░░░░░░░░░  31 of 100  10.0/s (allowed 10/s), waiting 500 ms",
    "finished ███░░░░░░░░░░░░░  21 of 100  10 in flight, 2 failed, ETA 7.9 s",
  ]);
  expect(barLine("read", { ...view, total: undefined }, "10/s", 80)).toBe("read     32");
});

test("a log line", async () => {
  const clock = manualClock();
  const { viewer } = await someJob(clock);
  expect(logLine(viewer.view(clock.now() - 1e6))).toBe(
    "read 32 of 100, started 31, finished 21, 2 failed, 10 in flight, 10.0/s, waiting 500 ms, ETA 7.9 s",
  );
});

test("summaries", async () => {
  const { tally } = await someJob(manualClock());
  const ending = { ...rates, early: false, output: '"out.jsonl"' };
  expect(summary(new Tally(manualClock()), ending)).toBe("no rows: the input is empty\n");
  expect(summary(tally, { ...ending, early: true })).toBe(
    [
      "21 rows done in 1.0 s: 19 ok, 2 failed (1 of them could not be read)",
      "10.0/s (allowed 10/s), each waited 500 ms on average",
      "10 rows started and given up: not in the results",
      "69 rows not started",
      'results in "out.jsonl"\n',
    ].join("\n"),
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
  const display = showProgress(tally, host, { ...rates, toStdout: false });
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
  const display = showProgress(tally, host, { ...rates, toStdout: false });
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
  showProgress(new Tally(clock), host, { ...rates, toStdout }).stop();
  expect(text()).toBe("");
});
