/** `runJob` as a program uses it: the built package, real workers. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type JobOptions, type JobResult, runJob } from "../dist/index.js";
import { Folder, Running } from "./sluice-process.ts";

const double = "export default (row) => row * 2;";

/** A job in a folder of its own; paths are in it. */
function jobIn(source: string): { module: string; folder: Folder } {
  const folder = new Folder({ "job.mjs": source });
  return { module: join(folder.path, "job.mjs"), folder };
}

async function all(options: object): Promise<JobResult[]> {
  const { folder: _folder, ...rest } = options as JobOptions & { folder?: unknown };
  const results: JobResult[] = [];
  for await (const result of runJob({ limits: "unlimited", ...rest })) results.push(result);
  return results.toSorted((a, b) => a.index - b.index);
}

function values(results: readonly JobResult[]): unknown[] {
  return results.map((result) => {
    if (!result.error) return result.value;
    return (result.error as { code?: string }).code ?? result.error.message;
  });
}

function* endless(): Generator<number> {
  for (let n = 0; ; n += 1) yield n;
}

describe.each([
  ["none", {}],
  ["process", { workers: 2 }],
  ["thread", { workers: 2, isolation: "thread" }],
] as [string, { workers?: number; isolation?: "thread" }][])("isolation %s", (_kind, workers) => {
  test("rows in, results out, and again in the same process", async () => {
    const job = { ...jobIn(double), ...workers };
    for (const rows of [[1, 2, 3], new Set([4, 5]), []]) {
      expect(values(await all({ ...job, input: rows }))).toEqual([...rows].map((row) => row * 2));
    }
  });

  test("endless input: only so many rows, and nothing behind them is asked for", async () => {
    let made = 0;
    const input = (async function* () {
      for (const n of endless()) {
        made += 1;
        yield n;
      }
    })();
    const job = { ...jobIn(double), ...workers, input, first: 7, ordered: true };
    expect(values(await all(job))).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(made).toBe(7);
  });

  test("no rows: first 0", async () => {
    expect(await all({ ...jobIn(double), ...workers, input: endless(), first: 0 })).toEqual([]);
  });

  test("leaving the loop ends the job, the generator and the workers", async () => {
    let ended = false;
    const input = (function* () {
      try {
        yield* endless();
      } finally {
        ended = true;
      }
    })();
    const { folder: _folder, ...job } = jobIn(double);
    for await (const { index } of runJob({ ...job, ...workers, input, limits: "unlimited" })) {
      if (index >= 50) break;
    }
    expect(ended).toBe(true);
  });

  test("a generator that throws ends the job after what it gave, with its own error", async () => {
    const broken = new Error("the generator broke");
    const input = (function* () {
      yield* [1, 2, 3];
      throw broken;
    })();
    const { folder: _folder, ...job } = jobIn(double);
    const results: unknown[] = [];
    const run = async () => {
      const rows = runJob({ ...job, ...workers, input, limits: "unlimited" });
      for await (const { value } of rows) results.push(value);
    };
    await expect(run()).rejects.toBe(broken);
    expect(results.toSorted()).toEqual([2, 4, 6]);
  });

  test("a callback that throws ends the job with its own error", async () => {
    const broken = new Error("the callback broke");
    const { folder: _folder, ...job } = jobIn(double);
    const onResult = ({ index }: JobResult): void => {
      if (index === 3) throw broken;
    };
    const run = runJob({ ...job, ...workers, input: endless(), limits: "unlimited", onResult });
    await expect(run.run()).rejects.toBe(broken);
  });

  test("a function that throws: retried as often as asked, then a result with its error", async () => {
    const job = jobIn(`export default (row, { attempt }) => {
      if (attempt <= row) throw Object.assign(new TypeError("not yet"), { code: "E_YET" });
      return attempt;
    };`);
    const results = await all({ ...job, ...workers, input: [0, 1, 2, 3], retries: 2, backoff: 5 });
    expect(values(results)).toEqual([1, 2, 3, "E_YET"]);
    expect(results[3]!.error).toMatchObject({ name: "TypeError", message: "not yet" });
  });

  test("the summary of a job that stops at its first failure", async () => {
    const { folder: _folder, ...job } = jobIn(
      'export default (row) => { if (row === 2) throw new Error("two"); return row; };',
    );
    const options = { ...job, ...workers, limits: "unlimited", concurrency: 1 } as const;
    const summary = await runJob({ ...options, input: endless(), onError: "stop" }).run();
    expect(summary).toMatchObject({ failed: 1, skipped: 0, finished: false });
  });

  test("a promise that nothing can settle", async () => {
    const job = jobIn("export default (row) => (row ? new Promise(() => {}) : row);");
    const pump = setInterval(() => {}, 1_000); // a busy program: only workers can tell
    const found = "workers" in workers ? {} : { timeout: 50 };
    const [, stuck] = values(await all({ ...job, ...workers, ...found, input: [0, 1] }));
    clearInterval(pump);
    expect(stuck).toBe("workers" in workers ? "NEVER_SETTLES" : "TIMED_OUT");
  });
});

test("a promise that nothing can settle, in a program that has nothing else to do", async () => {
  const folder = new Folder({
    "job.mjs": "export default (row) => (row ? new Promise(() => {}) : row);",
    "main.mjs": `import { runJob } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
      const job = runJob({ module: "job.mjs", input: [0, 1], limits: "unlimited", ordered: true });
      for await (const { value, error } of job) console.log(error?.code ?? value);`,
  });
  const ended = await new Running(spawn(process.execPath, ["main.mjs"], { cwd: folder.path }))
    .ended;
  expect(ended).toEqual({ code: 0, stdout: "0\nNEVER_SETTLES\n", stderr: "" });
});

test("rows that are strings; what cannot be sent to a worker is that row's error", async () => {
  const job = { ...jobIn("export default (row) => String(row).length;"), workers: 1 };
  const rows = ["a", "bb", () => 1, 4n, new Map([[1, 2]])];
  expect(values(await all({ ...job, input: rows }))).toEqual([1, 2, "ROW_UNSERIALISABLE", 1, 12]);
});

test("a rate that does not divide by the workers, and one of each worker, both hold", async () => {
  const job = jobIn("export default (row, { worker }) => [Date.now(), worker];");
  const results = await all({
    ...job,
    input: Array.from({ length: 40 }, (_, n) => n),
    limits: "7/100ms",
    perWorker: "3/100ms",
    margin: 50,
    workers: 3,
  });
  const starts = values(results) as [number, number][];
  expect(starts).toHaveLength(40);
  // As a server with a clock of its own sees it: no window above the limit.
  expect(
    fullest(
      starts.map(([at]) => at),
      100,
    ),
  ).toBeLessThanOrEqual(7);
  for (const worker of [0, 1, 2]) {
    const own = starts.filter(([, by]) => by === worker).map(([at]) => at);
    expect(fullest(own, 100)).toBeLessThanOrEqual(3);
  }
});

test("results in order, in a file and out of the iteration alike", async () => {
  const { folder, ...job } = jobIn(`export default async (row) => {
    await new Promise((resolve) => setTimeout(resolve, row % 7));
    return row;
  };`);
  const output = join(folder.path, "out.jsonl");
  const input = Array.from({ length: 100 }, (_, n) => n);
  const seen: unknown[] = [];
  const options = {
    ...job,
    input,
    output,
    ordered: true,
    workers: 2,
    limits: "unlimited",
  } as const;
  const run = runJob({ ...options, onResult: ({ index }) => void seen.push(index) });
  expect(await run.run()).toEqual({ rows: 100, failed: 0, skipped: 0, finished: true });
  expect(seen).toEqual(input);
  expect(folder.read("out.jsonl")).toBe(input.map((n) => `{"index":${n},"value":${n}}\n`).join(""));
  const again = await runJob({ ...options, resume: true }).run();
  expect(again).toEqual({ rows: 0, failed: 0, skipped: 100, finished: true });
});

test("a signal ends the job: rows that run are finished", async () => {
  const { folder: _folder, ...job } = jobIn(double);
  const control = new AbortController();
  const options = { ...job, input: endless(), limits: "100/1s", workers: 1 } as const;
  const onResult = (): void => control.abort();
  const summary = await runJob({ ...options, onResult, signal: control.signal }).run();
  expect(summary.finished).toBe(false);
  expect(summary.rows).toBeGreaterThan(0);
});

test("data goes to the setup of every worker", async () => {
  const job = jobIn(`let base;
    export const setup = ({ data, worker }) => { base = data.base; };
    export default (row) => base + row;`);
  expect(values(await all({ ...job, workers: 2, input: [1, 2], data: { base: 40 } }))).toEqual([
    41, 42,
  ]);
});

test("a module's own limits count when nothing else does", async () => {
  const job = jobIn(`export const limits = "2/1h"; ${double}`);
  const { folder: _folder, ...options } = job;
  const control = new AbortController();
  const seen: unknown[] = [];
  const onResult = ({ index }: JobResult): void => {
    seen.push(index);
    if (seen.length === 2) control.abort();
  };
  const input = [1, 2, 3];
  await runJob({ ...options, input, workers: 1, onResult, signal: control.signal }).run();
  expect(seen).toEqual([0, 1]);
});

test.each([
  ["no rate at all", {}, "RATE_MISSING"],
  ["a misspelt option", { limits: "1/1s", wokers: 2 }, "USAGE"],
  ["a count that is no number", { limits: "1/1s", workers: "4" }, "USAGE"],
  ["a duration that is none", { limits: "1/1s", timeout: "soon" }, "USAGE"],
  ["workers without isolation", { limits: "1/1s", workers: 2, isolation: "none" }, "USAGE"],
  ["an input that is none", { limits: "1/1s", input: 7 }, "USAGE"],
  ["a path that is no text", { limits: "1/1s", input: { files: [7] } }, "USAGE"],
  ["an output that is no text", { limits: "1/1s", output: 7 }, "USAGE"],
  ["a flag that is a text", { limits: "1/1s", force: "no" }, "USAGE"],
  ["a limit that is none", { limits: [null] }, "USAGE"],
  ["limiters that are none", { limits: "1/1s", limiters: 7 }, "USAGE"],
  ["a margin that is none", { limits: "1/1s", margin: null }, "USAGE"],
  ["a format that is none", { limits: "1/1s", format: "xml" }, "USAGE"],
  ["a format of results that is none", { limits: "1/1s", outputFormat: "xml" }, "USAGE"],
  ["a listener that is none", { limits: "1/1s", onResult: 7 }, "USAGE"],
  ["a signal that is none", { limits: "1/1s", signal: 7 }, "USAGE"],
  ["data that no process gets", { limits: "1/1s", workers: 1, data: { f() {} } }, "USAGE"],
  ["data that no thread gets", { limits: "1/1s", isolation: "thread", data: () => 1 }, "USAGE"],
  ["a module that is not there", { limits: "1/1s", module: "./gone.mjs" }, "MODULE_NOT_FOUND"],
  ["--resume to stdout", { limits: "1/1s", output: "-", resume: true }, "RESUME_NEEDS_FILE"],
])("refused: %s", async (_what, options, code) => {
  const { folder: _folder, ...job } = jobIn(double);
  const run = runJob({ ...job, input: [1], ...options } as JobOptions).run();
  await expect(run).rejects.toMatchObject({ name: "CliError", code });
});

test("data that JSON does not have is no hindrance to a journal, and noticed when it changes", async () => {
  const { module, folder } = jobIn(double);
  const output = join(folder.path, "out.jsonl");
  const job = (data: unknown) => runJob({ module, input: [1], limits: "unlimited", output, data });
  expect(await job(1n).run()).toMatchObject({ rows: 1 });
  const other = runJob({ module, input: [1], limits: "1/1s", output, data: 2n, resume: true });
  await expect(other.run()).rejects.toMatchObject({
    code: "JOURNAL_MISMATCH",
    message: expect.stringContaining('data has changed from "1n" to "2n"'),
  });
});

/** The most that any half-open window of so many milliseconds holds. */
function fullest(instants: readonly number[], span: number): number {
  const sorted = instants.toSorted((a, b) => a - b);
  return Math.max(
    ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + span).length),
  );
}
