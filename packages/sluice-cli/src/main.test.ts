import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import type { Host } from "./host.ts";
import { main } from "./main.ts";

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
    cwd: import.meta.dirname,
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
  [["rum"], "sluice: unknown command 'rum'\n(Did you mean run?)"],
  [["run"], "sluice: missing required argument 'module'"],
  [["run", "job.ts", "--rat", "1/s"], "sluice: unknown option '--rat'\n(Did you mean --rate?)"],
  [["run", "job.ts", "-c", "0"], "argument '0' is invalid. Give a whole number from 1 to 100000."],
  [
    ["run", "job.ts", "-c", "2.5"],
    "argument '2.5' is invalid. Give a whole number from 1 to 100000.",
  ],
  [
    ["run", "job.ts", "-f", "xml"],
    "argument 'xml' is invalid. Allowed choices are jsonl, lines, csv.",
  ],
  [["run", "job.ts"], "add --rate 100/s, or --rate unlimited. [RATE_MISSING]"],
  [["run", "job.ts", "-r", "0/s"], '"0/s"'],
  [["run", "job.ts", "-r", "-5/s"], '"-5/s"'],
  [["run", "job.ts", "-r", "fast"], "[INVALID_OPTION]"],
  [["run", "job.ts", "-r", "5/s", "-r", "10/5parsecs"], "[INVALID_OPTION]"],
  [
    ["run", "job.ts", "-r", "blocked"],
    '--rate "blocked" lets no row through; give a rate above zero. [RATE_BLOCKED]',
  ],
  [["run", "job.ts", "-r", "5/s", "-m", "soon"], "[INVALID_OPTION]"],
  [["run", "job.ts", "-r", "5/s", "-i", "rows.dat"], "[INPUT_FORMAT_UNKNOWN]"],
  [["run", "job.ts", "-r", "5/s", "-i", "nothing.csv"], 'there is no input file "nothing.csv"'],
  [
    ["run", "job.ts", "-r", "5/s", "-i", ".", "-f", "csv"],
    'the input "." is a directory; give one file of rows. [INPUT_UNREADABLE]',
  ],
  [
    ["run", "nothing.ts", "-r", "5/s"],
    'there is no job module "nothing.ts"; give the path of a .ts or .js file. [MODULE_NOT_FOUND]',
  ],
  [["run", "input", "-r", "5/s"], "(it is not a file)"],
])("wrong usage: %s", async (args, sentence) => {
  const { code, stdout, stderr } = await sluice(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(sentence);
});
