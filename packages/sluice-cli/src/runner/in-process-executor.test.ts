import { expect, test } from "vitest";
import { InProcessExecutor } from "./in-process-executor.ts";

const row = { index: 4, line: 5, value: "v" };

test("calls the function with the row and its context", async () => {
  const executor = new InProcessExecutor((value, { index, signal }) => [
    value,
    index,
    signal.aborted,
  ]);
  expect(await executor.run(row)).toEqual({ value: ["v", 4, false] });
});

test("a throw, a rejection and a thrown non-error are outcomes", async () => {
  const error = new Error("no");
  const thrower = new InProcessExecutor(() => {
    throw error;
  });
  expect(await thrower.run(row)).toEqual({ error });
  const rejecter = new InProcessExecutor(() => Promise.reject("text"));
  expect(await rejecter.run(row)).toEqual({ error: "text" });
});

test("abort reaches the running calls only", async () => {
  const signals: AbortSignal[] = [];
  const executor = new InProcessExecutor((_value, { signal }) => {
    signals.push(signal);
    return signals.length === 1 ? "done" : new Promise(() => {});
  });
  await executor.run(row);
  void executor.run(row);
  executor.abort("why");
  expect(signals.map(({ aborted, reason }) => [aborted, reason])).toEqual([
    [false, undefined],
    [true, "why"],
  ]);
});

test("calls that can never settle are ended as errors", async () => {
  const executor = new InProcessExecutor(() => new Promise(() => {}));
  const both = [executor.run(row), executor.run(row)];
  executor.abandon();
  expect(await Promise.all(both)).toEqual([
    { error: expect.objectContaining({ code: "NEVER_SETTLES" }) },
    { error: expect.objectContaining({ code: "NEVER_SETTLES" }) },
  ]);
});
