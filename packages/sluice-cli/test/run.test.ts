import { chmodSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Ended, Folder, resultsIn } from "./sluice-process.ts";

const double = `
  interface Row { n: number }
  export default async function (row: Row, { index }: { index: number }): Promise<object> {
    return { index, twice: row.n * 2 };
  }`;

function numbers(count: number): string {
  return Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join("");
}

const unlimited = ["--rate", "unlimited"];
const files = ["--input", "rows.jsonl", "--output", "out.jsonl"];

test("a TypeScript job from a file to a file", async () => {
  const folder = new Folder({ "job.ts": double, "rows.jsonl": numbers(100) });
  const { code, stdout, stderr } = await folder.run(["./job.ts", ...files, "--rate", "1000/s"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(folder.results()).toEqual(
    Array.from({ length: 100 }, (_, index) => ({ index, twice: index * 2 })),
  );
  expect(stderr).toContain("100 rows done");
  expect(stderr).toContain('results in "out.jsonl"');
});

test("the rates hold where the function is called", async () => {
  const job = "export default () => performance.now();";
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": numbers(45) });
  await folder.run(["job.mjs", ...files, "--rate", "10/200ms", "--rate", "25/500ms"]);
  const instants = (folder.results() as number[]).toSorted((a, b) => a - b);
  expect(instants).toHaveLength(45);
  for (const [most, span] of [
    [10, 200],
    [25, 500],
  ] as const) {
    const overs = instants.filter((instant, at) => instant - (instants[at - most] ?? -span) < span);
    expect(overs).toEqual([]);
  }
});

test("lines from stdin to stdout, in order; what the job prints is not among the results", async () => {
  const job = `export default async (line) => {
    console.log("working on", line);
    await new Promise((resolve) => setTimeout(resolve, line === "a" ? 30 : 1));
    return line.toUpperCase();
  };`;
  const folder = new Folder({ "job.mjs": job });
  const args = ["job.mjs", "--format", "lines", "--ordered", ...unlimited];
  const { code, stdout, stderr } = await folder.run(args, "a\nb\nc");
  expect(code).toBe(0);
  expect(stdout).toBe(
    '{"index":0,"value":"A"}\n{"index":1,"value":"B"}\n{"index":2,"value":"C"}\n',
  );
  expect(stderr).toContain("working on a");
});

test("CSV, and a CommonJS job", async () => {
  const job = "module.exports = async (row) => row.city + row.country;";
  const folder = new Folder({
    "job.cjs": job,
    "rows.csv": 'city,country\n"Ulm, old",DE\nBath,UK\n',
  });
  const { code, stdout } = await folder.run(["job.cjs", "-i", "rows.csv", "-o", "-", ...unlimited]);
  expect({ code, results: resultsIn(stdout) }).toEqual({
    code: 0,
    results: ["Ulm, oldDE", "BathUK"],
  });
});

test("rows that fail are recorded and counted, and the others go on", async () => {
  const job = `export default async (row) => {
    if (row === 0) throw Object.assign(new RangeError("zero"), { code: "E_ZERO" });
    if (row === 1) throw "a string";
    if (row === 2) return 10n;
    if (row === 3) return undefined;
    return row;
  };`;
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": "0\n1\n2\n3\nnot json\n5\n" });
  const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited]);
  expect(code).toBe(1);
  expect(folder.results()).toEqual([
    { name: "RangeError", message: "zero", code: "E_ZERO" },
    { name: "NonError", message: 'thrown: "a string"' },
    expect.objectContaining({ code: "RESULT_UNSERIALISABLE" }),
    null,
    expect.objectContaining({ code: "ROW_INVALID", message: expect.stringContaining("line 5") }),
    5,
  ]);
  expect(stderr).toContain("6 rows done");
  expect(stderr).toContain("2 ok, 4 failed (1 of them could not be read)");
});

test("a promise that can never settle is that row's error; the job ends", async () => {
  const job = "export default (row) => (row % 2 ? new Promise(() => {}) : row);";
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": "0\n1\n2\n3\n" });
  const { code } = await folder.run(["job.mjs", ...files, ...unlimited]);
  expect(code).toBe(1);
  const stuck: unknown = expect.objectContaining({ code: "NEVER_SETTLES" });
  expect(folder.results()).toEqual([0, stuck, 2, stuck]);
});

test("an error outside of the rows ends the job in good order", async () => {
  const job = `export default async (row) => {
    if (row === 3) setImmediate(() => { throw new Error("from nowhere"); });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return row;
  };`;
  const folder = new Folder({
    "job.mjs": job,
    "rows.jsonl": Array.from({ length: 100 }, (_, n) => `${n}\n`).join(""),
  });
  const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited, "-c", "5"]);
  expect(code).toBe(2);
  expect(stderr).toContain("the job threw outside of its rows (Error: from nowhere)");
  expect(folder.results().length).toBeGreaterThanOrEqual(5);
  expect(folder.results().length).toBeLessThan(100);
});

test("a job that leaves a timer behind does not keep the process", async () => {
  const job = "setInterval(() => {}, 1000); export default (row) => row;";
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": "1\n" });
  expect((await folder.run(["job.mjs", ...files, ...unlimited])).code).toBe(0);
});

test.each([
  [
    "has no default export",
    "export const run = () => 1;",
    "MODULE_NO_DEFAULT",
    "has no default export",
  ],
  [
    "exports no function",
    "export default { a: 1 };",
    "MODULE_NO_FUNCTION",
    "of type object, not a function",
  ],
  ["throws", 'throw new Error("no key");', "MODULE_FAILED", "(no key)"],
  ["is no TypeScript", "export default (", "MODULE_FAILED", "job.ts:1:"],
  [
    "imports what is not there",
    'import "./gone.ts"; export default () => 1;',
    "MODULE_FAILED",
    "gone.ts",
  ],
  [
    "waits for ever",
    "await new Promise(() => {}); export default () => 1;",
    "MODULE_FAILED",
    "never finishes loading",
  ],
])("a module that %s: one sentence, and no output file", async (_what, job, errorCode, words) => {
  const folder = new Folder({ "job.ts": job, "rows.jsonl": "1\n" });
  const { code, stderr } = await folder.run(["job.ts", ...files, ...unlimited]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^sluice: the job module "job\.ts" .*\.\S* \[\w+\]\n$/s);
  expect(stderr).toContain(`[${errorCode}]`);
  expect(stderr).toContain(words);
  expect(existsSync(join(folder.path, "out.jsonl"))).toBe(false);
});

const echo = "export default (row) => row;";

test("an empty input is no failure", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "" });
  const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited]);
  expect({ code, stderr, out: folder.read("out.jsonl") }).toEqual({
    code: 0,
    stderr: "no rows: the input is empty, or --first is 0\n",
    out: "",
  });
});

test("an input that is wrong from its first row on is not called empty", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": Buffer.of(0xe4, 10) });
  const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited]);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^0 rows done .*\n.*\n1 row not started\n.*\nsluice: .* \[INPUT_NOT_UTF8\]\n$/,
  );
});

test.each([
  ["not UTF-8", Buffer.concat([Buffer.from("1\n2\n"), Buffer.of(0xe4, 10)]), "[INPUT_NOT_UTF8]"],
  ["cut off in mid-line", Buffer.from('1\n2\n{"a":'), "[INPUT_CUT_OFF]"],
])(
  "an input that is %s: the rows before that are done and kept",
  async (_what, rows, errorCode) => {
    const folder = new Folder({ "job.mjs": echo, "rows.jsonl": rows });
    const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited]);
    expect({ code, results: folder.results() }).toEqual({ code: 2, results: [1, 2] });
    expect(stderr).toContain("line 3");
    expect(stderr).toContain(errorCode);
  },
);

test("an output that exists is kept, unless it is forced", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n", "out.jsonl": "precious" });
  const refused = await folder.run(["job.mjs", ...files, ...unlimited]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("[OUTPUT_EXISTS]");
  expect(folder.read("out.jsonl")).toBe("precious");
  expect((await folder.run(["job.mjs", ...files, ...unlimited, "--force"])).code).toBe(0);
  expect(folder.results()).toEqual([1]);
});

test("the input is never the output, forced or not", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n" });
  const same = ["-i", "rows.jsonl", "-o", "./rows.jsonl", "--force"];
  const { code, stderr } = await folder.run(["job.mjs", ...same, ...unlimited]);
  expect(code).toBe(2);
  expect(stderr).toContain("[OUTPUT_IS_INPUT]");
  expect(folder.read("rows.jsonl")).toBe("1\n");
});

test("a report never takes the place of rows or results, and its folder is looked at first", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n" });
  const report = (path: string): Promise<Ended> =>
    folder.run(["job.mjs", ...files, ...unlimited, "--report", path]);
  expect((await report("./rows.jsonl")).stderr).toContain("[OUTPUT_IS_INPUT]");
  expect((await report("out.jsonl")).stderr).toContain(
    'the report "out.jsonl" is the same file as the output "out.jsonl"',
  );
  expect((await report("out.jsonl.journal")).stderr).toContain("is the same file as the journal");
  expect((await report("gone/report.html")).stderr).toContain(
    'the report "gone/report.html" cannot be written (no such file or directory, ENOENT)',
  );
  expect((await report(".")).stderr).toContain("(it is a directory)");
  expect(folder.read("rows.jsonl")).toBe("1\n");
  expect(existsSync(join(folder.path, "out.jsonl"))).toBe(false);
});

test("a finished job whose output has gone is not done", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n" });
  const args = ["job.mjs", ...files, ...unlimited];
  expect(await folder.run(args)).toMatchObject({ code: 0 });
  rmSync(join(folder.path, "out.jsonl"));
  const { code, stderr } = await folder.run([...args, "--resume"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^sluice: the output "out\.jsonl" has 0 bytes .+ \[JOURNAL_MISMATCH\]\n$/);
});

test("a journal without an output file is refused at once, not when it is to be gone on with", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n" });
  const args = ["job.mjs", "-i", "rows.jsonl", ...unlimited, "--journal", "j"];
  const { code, stderr } = await folder.run(args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("[USAGE]") });
});

test("an output in a folder that is not there", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n" });
  const args = ["-i", "rows.jsonl", "-o", "gone/out.jsonl"];
  const { code, stderr } = await folder.run(["job.mjs", ...args, ...unlimited]);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /"gone\/out\.jsonl.* cannot be written \(no such file or directory, ENOENT\)/,
  );
});

test.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
  "an output without permission",
  async () => {
    const folder = new Folder({ "job.mjs": echo, "rows.jsonl": "1\n" });
    chmodSync(folder.path, 0o500);
    const { code, stderr } = await folder.run(["job.mjs", ...files, ...unlimited]);
    expect(code).toBe(2);
    expect(stderr).toContain("(permission denied, EACCES)");
  },
);

test.skipIf(!existsSync("/dev/full"))("a full disk ends the job with a sentence", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": numbers(1000) });
  const args = ["-i", "rows.jsonl", "-o", "/dev/full", "-c", "3"];
  const { code, stderr } = await folder.run(["job.mjs", ...args, ...unlimited]);
  expect(code).toBe(2);
  expect(stderr).toContain("(no space left on device, ENOSPC)");
});

test("a reader that goes away ends the job quietly", async () => {
  const folder = new Folder({ "job.mjs": echo, "rows.jsonl": numbers(100_000) });
  const running = folder.start("job.mjs", "-i", "rows.jsonl", ...unlimited);
  await running.says('"index":0');
  running.child.stdout!.destroy();
  const { code, stderr } = await running.ended;
  expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
});
