import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { manualClock } from "sluice/testing";
import { afterAll, expect, test } from "vitest";
import type { Host } from "./host.ts";
import { main } from "./main.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-main-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "job.ts"), "export default (row: unknown) => row;\n");

async function sluice(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const streams = {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
  };
  const host: Host = {
    ...streams,
    env: {},
    cwd: folder,
    clock: manualClock(),
    onSignal: () => () => {},
    onIdle: () => () => {},
    onCrash: () => () => {},
    keepConsoleOffStdout: () => {},
  };
  const said = [text(streams.stdout), text(streams.stderr)];
  const code = await main(args, host);
  streams.stdout.end();
  streams.stderr.end();
  const [stdout = "", stderr = ""] = await Promise.all(said);
  return { code, stdout, stderr };
}

test("--version and --help are no failures", async () => {
  expect(await sluice("--version")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
  expect(await sluice("run", "--help")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("--rate"),
  });
});

test.each([
  [[], "Usage: sluice"],
  [["rum"], "sluice: unknown command 'rum' (Did you mean run?) [USAGE]\n"],
  [["run"], "sluice: nothing says what to run; give the path of a job module"],
  [
    ["run", "job.ts", "--rat", "1/s"],
    "sluice: unknown option '--rat' (Did you mean --rate?) [USAGE]\n",
  ],
  [["exec"], "sluice: missing required argument 'command' [USAGE]\n"],
  [["exec", "-r", "1/s", "--", "sluice-none"], 'no command "sluice-none" in the PATH'],
  [["exec", "-r", "1/s", "--accept", "256", "true"], "Give exit codes from 0 to 255"],
  [["run", "job.ts", "-c", "0"], "concurrency is a whole number from 1 to 100000; got 0. [USAGE]"],
  [["run", "job.ts", "-c", "2.5"], "argument '2.5' is invalid. Give a whole number. [USAGE]\n"],
  [
    ["run", "job.ts", "-f", "xml"],
    "argument 'xml' is invalid. Allowed choices are jsonl, lines, csv, tsv, failed.",
  ],
  [
    ["run", "job.ts"],
    'add --rate 100/s, or --rate unlimited (limits: "100/s" in code). [RATE_MISSING]',
  ],
  [["run", "job.ts", "-r", "0/s"], '"0/s"'],
  [["run", "job.ts", "-r", "-5/s"], '"-5/s"'],
  [["run", "job.ts", "-r", "fast"], "[INVALID_OPTION]"],
  [["run", "job.ts", "-r", "5/s", "-r", "10/5parsecs"], "[INVALID_OPTION]"],
  [
    ["run", "job.ts", "-r", "blocked"],
    'the rate "blocked" lets no row through; give one above zero. [RATE_BLOCKED]',
  ],
  [["run", "job.ts", "-r", "5/s", "-m", "soon"], "[INVALID_OPTION]"],
  [["run", "job.ts", "-r", "5/s", "--timeout", ""], "timeout is a duration above 0"],
  [["run", "job.ts", "-r", "5/s", "--margin", ""], "margin must be 0 or more"],
  [["run", "job.ts", "-r", "5/s", "-i", "rows.dat"], "[INPUT_FORMAT_UNKNOWN]"],
  [["run", "job.ts", "-r", "5/s", "-i", "nothing.csv"], 'there is no input file "nothing.csv"'],
  [
    ["run", "job.ts", "-r", "5/s", "-i", ".", "-f", "csv"],
    'the input "." is a directory; give files of rows. [INPUT_UNREADABLE]',
  ],
  [
    ["run", "nothing.ts", "-r", "5/s"],
    'there is no job module "nothing.ts"; give the path of a .ts or .js file. [MODULE_NOT_FOUND]',
  ],
  [["run", ".", "-r", "5/s"], "(it is not a file)"],
])("wrong usage: %s", async (args, sentence) => {
  const { code, stdout, stderr } = await sluice(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(sentence);
});
