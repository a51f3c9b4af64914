/** Jobs in worker processes and threads: what becomes of rows, workers and jobs that go wrong. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Folder } from "./sluice-process.ts";

const unlimited = ["--rate", "unlimited"];
const files = ["--input", "rows.jsonl", "--output", "out.jsonl"];
const kinds = [["process"], ["thread"]] as const;

function numbers(count: number): string {
  return Array.from({ length: count }, (_, n) => `${n}\n`).join("");
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

describe.each(kinds)("isolation %s", (kind) => {
  const workers = (count: number) => ["--isolation", kind, "--workers", String(count)];

  test("every row once, over all workers, each set up and torn down once", async () => {
    const job = `
      let worker, calls = 0;
      export function setup(context) { worker = context.worker; console.error("set up", worker); }
      export function teardown(context) { console.error("torn down", context.worker, calls > 0); }
      export const transform = (value, { index }) => ({ value, index });
      export default async (row, context) => {
        calls += 1;
        if (context.worker !== worker) throw new Error("not set up");
        await new Promise((resolve) => setTimeout(resolve, 1));
        return row * 2;
      };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(500) });
    const run = ["job.mjs", ...files, ...unlimited, ...workers(3)];
    const { code, stderr } = await folder.run(run);
    expect(stderr).toContain("500 rows done");
    expect({ code, results: folder.results() }).toEqual({
      code: 0,
      results: indexes(500).map((index) => ({ value: index * 2, index })),
    });
    for (const worker of [0, 1, 2]) {
      expect(stderr).toContain(`set up ${worker}`);
      expect(stderr).toContain(`torn down ${worker} true`);
    }
  });

  test("what fails in a worker fails as it would here", async () => {
    const job = `export default async (row) => {
      if (row === 0) throw Object.assign(new RangeError("zero"), { code: "E_ZERO" });
      if (row === 1) throw "a string";
      if (row === 2) return () => 1;
      if (row === 3) return 10n;
      if (row === 4) return undefined;
      if (row === 5) return await new Promise(() => {});
      return new Date(0);
    };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(7) });
    const { code } = await folder.run(["job.mjs", ...files, ...unlimited, ...workers(2)]);
    expect(code).toBe(1);
    expect(folder.results()).toEqual([
      { name: "RangeError", message: "zero", code: "E_ZERO" },
      expect.objectContaining({ message: 'thrown: "a string"' }),
      expect.objectContaining({ code: "RESULT_UNSERIALISABLE" }),
      expect.objectContaining({ code: "RESULT_UNSERIALISABLE" }),
      null,
      expect.objectContaining({ code: "NEVER_SETTLES" }),
      "1970-01-01T00:00:00.000Z",
    ]);
  });

  test("a row that ends its worker is set aside, and no other row is lost", async () => {
    const job = `export default async (row) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (row === 13) process.exit(7);
      return row;
    };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(60) });
    const run = ["job.mjs", ...files, ...unlimited, ...workers(2), "-c", "8"];
    const { code, stderr } = await folder.run(run);
    expect(code).toBe(1);
    const results = folder.results();
    expect(results[13]).toMatchObject({
      code: "ROW_KILLS_WORKER",
      message: expect.stringContaining("exit code 7"),
    });
    expect(results.toSpliced(13, 1)).toEqual(indexes(60).toSpliced(13, 1));
    expect(stderr).toMatch(/[34] workers lost and replaced/);
  });

  test("a worker that runs out of memory is replaced", async () => {
    const job = `export default async (row) => {
      if (row !== 3) return row;
      const all = [];
      for (;;) all.push(new Array(10_000).fill(row));
    };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(6) });
    const run = ["job.mjs", ...files, ...unlimited, ...workers(2), "--memory", "32"];
    const { code } = await folder.run([...run, "--crashes", "1"]);
    const results = folder.results();
    expect({ code, poison: results[3] }).toMatchObject({
      code: 1,
      poison: { code: "ROW_KILLS_WORKER", message: expect.stringContaining("memory") },
    });
    expect(results.toSpliced(3, 1)).toEqual([0, 1, 2, 4, 5]);
  });

  test("an attempt that takes too long is aborted", async () => {
    const job = `export default (row, { signal }) => {
      if (row === 0) return row;
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => console.error("aborted:", signal.reason.code));
        setTimeout(reject, 1e6);
      });
    };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(2) });
    const run = ["job.mjs", ...files, ...unlimited, ...workers(1), "-c", "1"];
    const { code, stderr } = await folder.run([...run, "--timeout", "50ms"]);
    expect({ code, results: folder.results() }).toEqual({
      code: 1,
      results: [0, expect.objectContaining({ code: "TIMED_OUT" })],
    });
    expect(stderr).toContain("aborted: TIMED_OUT");
  });

  test.each([
    [
      "throws in the worker only",
      'if (!process.argv[1].endsWith("bin.js") || true) throw new Error("no key"); export default () => 1;',
      "MODULE_FAILED",
    ],
    ["ends its process when it loads", "process.exit(3); export default () => 1;", "WORKERS_FAIL"],
    [
      "does not set up",
      'export const setup = () => { throw new Error("no database"); }; export default () => 1;',
      "SETUP_FAILED",
    ],
    [
      "never finishes its setup",
      "export const setup = () => new Promise(() => {}); export default () => 1;",
      "MODULE_FAILED",
    ],
    ["exports no function", "export default 1;", "MODULE_NO_FUNCTION"],
    [
      "does not tear down",
      'export const teardown = () => { throw new Error("not saved"); }; export default () => 1;',
      "TEARDOWN_FAILED",
    ],
  ])("a module that %s ends the job with one sentence", async (_what, job, errorCode) => {
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(5) });
    const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited, ...workers(2)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/sluice: .*\.\S* \[\w+\]\n$/);
    expect(stderr).toContain(`[${errorCode}]`);
    expect(existsSync(join(folder.path, "out.jsonl"))).toBe(errorCode === "TEARDOWN_FAILED");
  });

  test("Ctrl-C once finishes what runs in the workers, and the job can go on", async () => {
    const job = `
      import { existsSync } from "node:fs";
      export default async (row) => {
        console.error("running", row);
        while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 5));
        return row;
      };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(10) });
    const run = ["job.mjs", ...files, ...unlimited, ...workers(2), "-c", "2"];
    const running = folder.start(...run);
    await running.says("running", 4);
    running.child.kill("SIGINT");
    await running.says("stopping:");
    folder.write("go", "");
    const { code, stderr } = await running.ended;
    expect({ code, results: folder.results().length }).toEqual({ code: 130, results: 4 });
    expect(stderr).toContain("6 rows not started");
    const resumed = await folder.run([...run, "--resume"]);
    expect({ code: resumed.code, results: folder.results() }).toEqual({
      code: 0,
      results: indexes(10),
    });
  });

  test("Ctrl-C twice ends workers that do not obey", async () => {
    const job = `export default (row) => {
      console.error("running in", process.pid);
      if (row === 0) return new Promise(() => setInterval(() => {}, 1000));
      for (;;);
    };`;
    const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(2) });
    const running = folder.start("job.mjs", ...files, ...unlimited, ...workers(2), "-c", "1");
    await running.says("running in", 2);
    running.child.kill("SIGINT");
    await running.says("stopping:");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("2 rows started and given up");
    if (kind === "process") for (const pid of pidsIn(stderr)) expect(isAlive(pid)).toBe(false);
  });

  test("a limiter of the job's own is one over all workers, and slots of the dead come back", async () => {
    const job = `
      import { appendFileSync } from "node:fs";
      export default async (row, { limiter, attempt }) => {
        const permit = await limiter("db").acquire({ cost: { rows: 2 } });
        appendFileSync("log", "+");
        if (row === 5 && attempt === 1) process.exit(1);
        await new Promise((resolve) => setTimeout(resolve, 2));
        appendFileSync("log", "-");
        await permit.settle({ rows: 1 });
        await permit.release();
        const refused = await limiter("none").tryAcquire();
        return [refused.granted, refused.limit];
      };`;
    const config = `export default { limiters: {
      db: { slots: "1 at once", rows: "1000/1s" },
      none: ["blocked"],
    } };`;
    const folder = new Folder({
      "job.mjs": job
        .replace("{ limiter, attempt }", "context")
        .replace(
          "const permit = await limiter(",
          "const { attempt } = context; const limiter = (name) => context.limiter(name); const permit = await limiter(",
        ),
      "sluice.config.mjs": config,
      "rows.jsonl": numbers(20),
    });
    const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited, ...workers(2)]);
    expect(stderr).toContain("20 rows done");
    expect({ code, results: folder.results() }).toEqual({
      code: 0,
      results: indexes(20).map(() => [false, "blocked"]),
    });
    // One at a time: the row that ended its worker alone left no "-".
    expect(folder.read("log").replace("++", "+")).toMatch(/^(\+-)+$/);
  });
});

test("workers that are killed by somebody are replaced, and every row is there once", async () => {
  const job = `export default async (row) => {
    if (row % 100 === 0) console.error("running in", process.pid);
    await new Promise((resolve) => setTimeout(resolve, 2));
    return row;
  };`;
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(3000) });
  const running = folder.start("job.mjs", ...files, ...unlimited, "--workers", "2");
  for (const times of [1, 5, 9, 13]) {
    await running.says("running in", times);
    process.kill(pidsIn(running.stderr).at(-1)!, "SIGKILL");
  }
  const { code, stderr } = await running.ended;
  expect({ code, results: folder.results() }).toEqual({ code: 0, results: indexes(3000) });
  expect(stderr).toContain("4 workers lost and replaced");
});

test("no worker and no command of it outlives the job, even one that blocks", async () => {
  const job = `
    import { spawn } from "node:child_process";
    export default (row) => {
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
      console.error("running in", process.pid);
      console.error("running in", child.pid);
      if (row === 0) for (;;);
      return new Promise(() => {});
    };`;
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(2) });
  const running = folder.start("job.mjs", ...files, ...unlimited, "--workers", "2", "-c", "1");
  await running.says("running in", 4);
  running.child.kill("SIGKILL");
  await running.ended; // when the last of them has let go of stderr
  const pids = pidsIn(running.stderr);
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), 20_000);
});

test.each([
  ["0", "workers is a whole number from 1 to 256; got 0."],
  ["10000", "workers is a whole number from 1 to 256; got 10000."],
])("a worker count of %s", async (count, sentence) => {
  const folder = new Folder({ "job.mjs": "export default () => 1;", "rows.jsonl": numbers(2) });
  const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited, "-w", count]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: `sluice: ${sentence} [USAGE]\n` });
});

function pidsIn(text: string): number[] {
  return [...text.matchAll(/running in (\d+)/g)].map(([, pid]) => Number(pid));
}

/** A process that has ended but that nobody has taken note of is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const status = `/proc/${pid}/stat`;
    return !existsSync(status) || !/\) [ZX] /.test(readFileSync(status, "utf8"));
  } catch {
    return false;
  }
}
