import { expect, test } from "vitest";
import { Folder } from "./sluice-process.ts";

const rows = Array.from({ length: 10 }, (_, n) => `${n}\n`).join("");
const args = ["job.mjs", "-i", "rows.jsonl", "-o", "out.jsonl", "--rate", "unlimited", "-c", "2"];

// Its calls end when the process is told to stop, and not before.
const obedient = `
  const told = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, resolve);
  });
  export default async (row) => {
    console.error("running");
    await told;
    return row;
  };
  setInterval(() => {}, 1000);`;

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s: what runs is finished and written, and nothing new is started",
  async (signal, exit) => {
    const folder = new Folder({ "job.mjs": obedient, "rows.jsonl": rows });
    const running = folder.start(...args);
    await running.says("running", 2);
    running.child.kill(signal);
    const { code, stderr } = await running.ended;
    expect({ code, results: folder.results() }).toEqual({ code: exit, results: [0, 1] });
    expect(stderr).toContain("stopping: 2 rows still run; Ctrl-C again ends at once");
    expect(stderr).toContain("2 rows done");
    expect(stderr).toContain("8 rows not started");
  },
);

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s twice: running rows are told to abort, and nobody waits for them",
  async (signal, exit) => {
    const stubborn = `
    export default (row, { signal }) => {
      console.error("running");
      signal.addEventListener("abort", () => console.error("told to abort"));
      return row === 0 ? row : new Promise(() => {});
    };
    setInterval(() => {}, 1000);`;
    const folder = new Folder({ "job.mjs": stubborn, "rows.jsonl": rows });
    const running = folder.start(...args);
    await running.says("running", 3);
    running.child.kill(signal);
    await running.says("stopping:");
    running.child.kill(signal);
    const { code, stderr } = await running.ended;
    expect({ code, results: folder.results() }).toEqual({ code: exit, results: [0] });
    expect(stderr.match(/told to abort/g)).toHaveLength(2);
    expect(stderr).toContain("2 rows started and given up: not in the results");
  },
);

test("a stop is heard while rows wait for their rate, and while the input is silent", async () => {
  const folder = new Folder({ "job.mjs": "export default (row) => row;" });
  const running = folder.start("job.mjs", "--rate", "2/h");
  running.child.stdin?.write("0\n1\n2\n3\n");
  await running.says('"index":1');
  running.child.kill("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  expect({ code, lines: stdout.split("\n").length - 1 }).toEqual({ code: 130, lines: 2 });
  expect(stderr).toContain("2 rows read and not started; the input was not read to its end");
});

test.each([
  ["the function", "export default () => process.exit(0);"],
  ["loading", "process.exit(0);"],
])("a job that ends the process itself is not taken for done: %s", async (_when, source) => {
  const folder = new Folder({ "job.mjs": source, "rows.txt": "a\nb\n" });
  const { code, stderr } = await folder.run(["job.mjs", "-i", "rows.txt", "-r", "unlimited"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^sluice: the job ended this process with exit code 0 before .+ \[JOB_CRASHED\]\n$/,
  );
});

test("a configuration that never finishes loading is a sentence", async () => {
  const folder = new Folder({ "sluice.config.mjs": "await new Promise(() => {});" });
  const { code, stderr } = await folder.run([]);
  expect(code).toBe(2);
  expect(stderr).toContain("can never come");
});
