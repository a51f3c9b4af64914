import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Folder, resultsIn, Running } from "./sluice-process.ts";

const bin = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

function start(folder: Folder, ...args: string[]): Running {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder.path });
  onTestFinished(() => void child.kill("SIGKILL"));
  return new Running(child);
}

function sluice(folder: Folder, args: string[], stdin = "") {
  const running = start(folder, ...args);
  running.child.stdin?.end(stdin);
  return running.ended;
}

const unlimited = ["--rate", "unlimited"];

test("a command for each line of stdin, with its exit code and outputs", async () => {
  const script = 'echo "<$1>"; echo "to stderr" >&2; [ "$1" != "c d" ]';
  const args = ["exec", ...unlimited, "--ordered", "--", "sh", "-c", script, "sh", "{}"];
  const { code, stdout, stderr } = await sluice(new Folder(), args, "a'b\n$(id)\nc d\n");
  expect(code).toBe(1);
  expect(resultsIn(stdout)).toEqual([
    { exitCode: 0, stdout: "<a'b>\n", stderr: "to stderr\n" },
    { exitCode: 0, stdout: "<$(id)>\n", stderr: "to stderr\n" },
    {
      name: "CommandError",
      message: "sh ended with exit code 1: to stderr",
      code: "EXIT_1",
    },
  ]);
  expect(stderr).toContain("3 rows done");
});

test("rows of a file, options before the command without --, and codes that are results", async () => {
  const folder = new Folder({ "rows.jsonl": '{"n":0}\n{"n":4}\n' });
  const flags = ["--input", "rows.jsonl", "--output", "out.jsonl", ...unlimited, "--accept", "0,4"];
  const ended = await sluice(folder, ["exec", ...flags, "sh", "-c", "exit {n}"]);
  expect(ended.code).toBe(0);
  expect(folder.results()).toMatchObject([{ exitCode: 0 }, { exitCode: 4 }]);
});

test("a command that fails is tried again, and a changed command does not go on where another was", async () => {
  const folder = new Folder({ "rows.txt": "x\n" });
  const script = "test -e seen-{} || { touch seen-{}; exit 7; }";
  const flags = ["--input", "rows.txt", "--output", "out.jsonl", ...unlimited, "--backoff", "1ms"];
  const args = ["exec", ...flags, "--retries", "1", "--", "sh", "-c"];
  expect(await sluice(folder, [...args, script])).toMatchObject({ code: 0 });
  expect(existsSync(join(folder.path, "seen-x"))).toBe(true);
  const other = await sluice(folder, [...args.toSpliced(1, 0, "--resume"), "true"]);
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("JOURNAL_MISMATCH") });
  const same = await sluice(folder, [...args.toSpliced(1, 0, "--resume"), script]);
  expect(same.code).toBe(0);
});

/** Resolves when none of the processes is left. */
async function gone(pids: readonly number[]): Promise<void> {
  const alive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (pids.some(alive)) await new Promise((resolve) => setTimeout(resolve, 20));
}

test.each([
  ["and what it started", ""],
  ["even if it does not want to", "trap '' TERM;"],
])("a time-out ends the command %s", async (_what, trap) => {
  const script = `${trap} sleep 1000 & echo $! $$ > pids; wait; sleep 1000`;
  const folder = new Folder({ "rows.txt": "x\n" });
  const flags = [
    "--input",
    "rows.txt",
    "--output",
    "out.jsonl",
    ...unlimited,
    "--timeout",
    "500ms",
  ];
  const { code } = await sluice(folder, ["exec", ...flags, "--", "sh", "-c", script]);
  expect(code).toBe(1);
  expect(folder.results()).toMatchObject([{ code: "TIMED_OUT" }]);
  const pids = folder.read("pids").trim().split(" ").map(Number);
  expect(pids).toHaveLength(2);
  await gone(pids);
});

test("no command outlives a job that is killed", async () => {
  const folder = new Folder({ "rows.txt": "1\n2\n3\n" });
  const script = "echo $$ > pid-$0; sleep 1000";
  const flags = ["--input", "rows.txt", "--output", "out.jsonl", ...unlimited];
  const job = start(folder, "exec", ...flags, "--", "sh", "-c", script);
  const pids = (): number[] =>
    readdirSync(folder.path)
      .filter((name) => name.startsWith("pid-"))
      .map((name) => Number(folder.read(name)))
      .filter((pid) => pid > 0);
  while (pids().length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  const started = pids();
  job.child.kill("SIGKILL");
  await gone(started);
});

test("when a worker is killed, its commands end before their rows are run again", async () => {
  // The worker sleeps once it has told the job what it started.
  const told = 'until grep -q ") S " /proc/$PPID/stat; do :; done';
  const first = `test ! -e killed && { ${told}; echo "$$ $PPID" > pids; exec sleep 1000; }`;
  const again =
    'kill -0 $(cut -d " " -f 1 pids) 2> /dev/null && ! grep -q " Z " /proc/$(cut -d " " -f 1 pids)/stat && echo alive';
  const folder = new Folder({ "rows.txt": "x\n" });
  const flags = ["-i", "rows.txt", "-o", "out.jsonl", ...unlimited];
  const running = start(folder, "exec", ...flags, "--", "sh", "-c", `${first}; ${again}; true`);
  const pids = async (): Promise<number[]> => {
    for (;;) {
      const text = existsSync(join(folder.path, "pids")) ? folder.read("pids") : "";
      if (text.endsWith("\n")) return text.trim().split(" ").map(Number);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const [command, worker] = await pids();
  onTestFinished(() => {
    try {
      process.kill(command!, "SIGKILL");
    } catch {} // it is gone, as it should be
  });
  folder.write("killed", "");
  process.kill(worker!, "SIGKILL");
  expect(await running.ended).toMatchObject({ code: 0 });
  expect(folder.results()).toMatchObject([{ exitCode: 0, stdout: "" }]);
});

test("a command that is not there is one error at the start", async () => {
  const folder = new Folder({ "rows.txt": "1\n" });
  const flags = ["--input", "rows.txt", "--output", "out.jsonl", ...unlimited];
  const ended = await sluice(folder, ["exec", ...flags, "--", "sluice-none", "{}"]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toBe(
    "sluice: there is no command \"sluice-none\" in the PATH; install it, or give its path. A shell's own words need one: sh -c '…'. [COMMAND_NOT_FOUND]\n",
  );
  expect(existsSync(join(folder.path, "out.jsonl"))).toBe(false);
});

test("--dry-run prints what would run and runs nothing", async () => {
  const folder = new Folder({ "rows.csv": "id,name\n1,O'Neil\n2,b\n" });
  const args = [
    "exec",
    "--dry-run",
    "-i",
    "rows.csv",
    "--first",
    "1",
    "--",
    "touch",
    "{id}-{name}",
  ];
  expect(await sluice(folder, args)).toEqual({
    code: 0,
    stdout: "touch '1-O'\\''Neil'\n",
    stderr: "",
  });
  const missing = await sluice(folder, [...args.slice(0, -1), "{mail}"]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("[FIELD_MISSING]") });
  expect(readdirSync(folder.path)).toEqual(["rows.csv"]);
});

test("nothing is left behind in the folder for temporary files", async () => {
  const before = new Set(readdirSync(tmpdir()).filter((name) => name.startsWith("sluice-exec-")));
  await sluice(new Folder(), ["exec", ...unlimited, "--", "true"], "1\n");
  const left = readdirSync(tmpdir()).filter((name) => /^sluice-exec-[A-Za-z0-9]{6}$/.test(name));
  expect(left.filter((name) => !before.has(name))).toEqual([]);
});

test("sluice.config.ts says what flags do not", async () => {
  const folder = new Folder({
    "sluice.config.ts": `export default {
      input: "rows.txt" as string, output: "out.jsonl", limits: "1/h", first: 1, retries: 0 };`,
    "rows.txt": "a\nb\nc\n",
  });
  const ended = await sluice(folder, ["exec", "--first", "2", ...unlimited, "--", "echo", "{}"]);
  expect(ended.code).toBe(0);
  expect(folder.results()).toMatchObject([{ stdout: "a\n" }, { stdout: "b\n" }]);
});

test("a report is one file about the job", async () => {
  const folder = new Folder({ "rows.txt": "a\nb\n" });
  const flags = ["--input", "rows.txt", "--output", "out.jsonl", "--report", "report.html"];
  await sluice(folder, ["exec", ...flags, ...unlimited, "--", "sh", "-c", "exit 9 # {}"]);
  const report = folder.read("report.html");
  expect(report).toContain("<h1>sh -c 'exit 9 # {}'</h1>");
  expect(report).toContain("CommandError EXIT_9");
  expect(report).toMatch(/"workers":\[\[/);
});

test("progress for programs", async () => {
  const args = ["exec", ...unlimited, "--json", "--", "echo"];
  const { stderr } = await sluice(new Folder(), args, "1\n2\n");
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string });
  expect(events.at(-1)).toMatchObject({ event: "end", rows: 2, ok: 2, failed: 0, early: false });
  expect(events.at(-2)).toMatchObject({ event: "progress", finished: 2, total: 2 });
});

test("-j and -c are the same, so only one of them", async () => {
  const folder = new Folder({ "rows.txt": "a\n" });
  const args = ["exec", "-i", "rows.txt", "-r", "1/s", "-j", "2", "-c", "3", "--", "echo"];
  const { code, stdout, stderr } = await folder.command(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toBe(
    "sluice: --jobs 2 and --concurrency 3 are the same setting; give one of them. [USAGE]\n",
  );
});
