import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import type { JobFunction, JobLimiter, JobModule } from "../runner/job-function.ts";
import { RowRunner } from "./row-runner.ts";

const row = { index: 4, attempt: 2, value: "v" };

function runner(run: JobFunction, options: { timeout?: number } & Partial<JobModule> = {}) {
  const { timeout, ...module } = options;
  const clock = manualClock();
  const limiter = (): JobLimiter => {
    throw new Error("none");
  };
  return {
    clock,
    rows: new RowRunner({
      module: { default: run, ...module },
      worker: 7,
      timeout,
      clock,
      limiter,
    }),
  };
}

test("calls the function with the row and its context", async () => {
  const { rows } = runner((value, { index, attempt, worker, signal }) => [
    value,
    index,
    attempt,
    worker,
    signal.aborted,
  ]);
  expect(await rows.run(row)).toEqual({ value: ["v", 4, 2, 7, false] });
  expect(rows.running).toBe(0);
});

test("a limiter is found when the context was taken apart", async () => {
  const { rows } = runner((_value, { limiter }) => limiter("llm"));
  expect(await rows.run(row)).toEqual({ error: new Error("none") });
});

test("a throw, a rejection and a thrown non-error are outcomes", async () => {
  const error = new Error("no");
  const thrower = runner(() => {
    throw error;
  });
  expect(await thrower.rows.run(row)).toEqual({ error });
  const rejecter = runner(() => Promise.reject("text"));
  expect(await rejecter.rows.run(row)).toEqual({ error: "text" });
});

test("an error that says when to come back", async () => {
  const error = Object.assign(new Error("429"), { retryAfter: "2s" });
  const { rows } = runner(() => Promise.reject(error));
  expect(await rows.run(row)).toEqual({ error, retryAfter: 2_000 });
});

test("transform makes the result, with the same context; what it throws is the outcome", async () => {
  const transform = (value: unknown, { index }: { index: number }) => `${String(value)}${index}`;
  expect(await runner(() => "r", { transform }).rows.run(row)).toEqual({ value: "r4" });
  const error = new Error("cannot");
  const failing = () => Promise.reject(error);
  expect(await runner(() => "r", { transform: failing }).rows.run(row)).toEqual({ error });
});

test("abort reaches the running calls only, asked for before or after", async () => {
  const signals: (() => AbortSignal)[] = [];
  const { rows } = runner((_value, context) => {
    signals.push(() => context.signal);
    return signals.length === 1 ? "done" : new Promise(() => {});
  });
  await rows.run(row);
  void rows.run(row);
  void rows.run(row);
  const early = signals[1]!();
  rows.abort("why");
  expect([early.reason, signals[2]!().reason, signals[0]!().aborted]).toEqual([
    "why",
    "why",
    false,
  ]);
});

test("an attempt that takes too long is aborted and fails at once", async () => {
  let signal: AbortSignal | undefined;
  const { rows, clock } = runner(
    (_value, context) => {
      signal = context.signal;
      return new Promise(() => {});
    },
    { timeout: 250 },
  );
  const running = rows.run(row);
  await clock.advance(249);
  expect(signal?.aborted).toBe(false);
  await clock.advance(1);
  expect(await running).toEqual({ error: expect.objectContaining({ code: "TIMED_OUT" }) });
  expect(signal?.reason).toMatchObject({ code: "TIMED_OUT" });
});

test("an attempt that ends in time leaves no timer", async () => {
  const { rows, clock } = runner(() => "well", { timeout: 250 });
  await rows.run(row);
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("calls that can never settle are ended as errors", async () => {
  const { rows } = runner(() => new Promise(() => {}));
  const both = [rows.run(row), rows.run(row)];
  rows.abandon();
  const stuck = { error: expect.objectContaining({ code: "NEVER_SETTLES" }) };
  expect(await Promise.all(both)).toEqual([stuck, stuck]);
});
