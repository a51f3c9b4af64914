// Whatever does not fit together is refused with one sentence, and nothing is changed by that.
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Row } from "../../src/runner/parts.ts";
import { type JobFilesOptions, makeFolder, openJobFiles } from "./job-files.ts";

let cwd = "";
const path = (name: string): string => join(cwd, name);

beforeEach(() => {
  const folder = makeFolder(6);
  onTestFinished(folder.remove);
  cwd = folder.path;
});

/** Runs so many rows and stops; with all of them the job is finished. */
async function run(rows: number, options: Partial<JobFilesOptions> = {}): Promise<unknown[]> {
  const job = await openJobFiles({ cwd, output: "out.jsonl", ...options });
  try {
    const values: unknown[] = [];
    for (let count = 0; count < rows; count += 1) {
      const { done, value } = await job.rows.next();
      if (done) break;
      const row = value as Row;
      values.push(row.value);
      await job.sink.write({ index: row.index, row, value: row.value });
    }
    return values;
  } finally {
    job.source.close();
    await job.checkpoint();
    await job.sink.close();
    await job.journal.close(rows > 6);
  }
}

test("a job that is finished with its first rows goes on with more, and not with fewer", async () => {
  const some = await openJobFiles({ cwd, output: "out.jsonl", first: 3 });
  for (let index = 0; index < 3; index += 1) {
    const row = (await some.rows.next()).value as Row;
    await some.sink.write({ index, row, value: row.value });
  }
  await some.checkpoint();
  await some.sink.close();
  await some.journal.close(true);
  const same = await openJobFiles({ cwd, output: "out.jsonl", resume: true, first: 2 });
  expect(same.journal.resumed?.finished).toBe(true);
  await same.sink.close();
  await same.journal.close(false);
  expect(await run(2, { resume: true, first: 5 })).toEqual([{ n: 3 }, { n: 4 }]);
  expect(await refused({ resume: true, first: 4 })).toBe(
    'JOURNAL_MISMATCH: first 4 is less than the 5 rows that were read before, by the journal "out.jsonl.journal"; give at least that many or leave it out to go on, or add --force instead of --resume to start anew.',
  );
  expect(await run(7, { resume: true })).toEqual([{ n: 5 }]);
});

async function refused(options: Partial<JobFilesOptions> = { resume: true }): Promise<string> {
  const before = content();
  let message = "nothing was refused";
  try {
    await run(7, options);
  } catch (error) {
    const { code, message: sentence } = error as { code: string; message: string };
    message = `${code}: ${sentence}`;
  }
  expect(content()).toEqual(before);
  return message;
}

function content(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(cwd).map((name) => [name, readFileSync(path(name), "utf8")]),
  );
}

test("a job goes on where it stopped, and a finished one has nothing left", async () => {
  expect(await run(2)).toEqual([{ n: 0 }, { n: 1 }]);
  expect(await run(7, { resume: true })).toEqual([{ n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
  const job = await openJobFiles({ cwd, output: "out.jsonl", resume: true });
  expect(job.journal.resumed).toMatchObject({ finished: true, rows: 6 });
  await job.sink.close();
  await job.journal.close(false);
  expect(readdirSync(cwd).toSorted()).toEqual([
    "in.jsonl",
    "job.js",
    "out.jsonl",
    "out.jsonl.journal",
  ]);
});

test("a journal is neither gone on with nor replaced unasked", async () => {
  await run(2);
  expect(await refused({})).toBe(
    'JOURNAL_EXISTS: the journal "out.jsonl.journal" tells of an earlier run of a job; add --resume to go on with that, or --force to start anew.',
  );
  expect(await run(7, { force: true })).toHaveLength(6);
  expect(readFileSync(path("out.jsonl"), "utf8").split("\n")).toHaveLength(7);
});

test("to go on without anything to go on from is to begin; an output alone is refused", async () => {
  expect(await run(2, { resume: true })).toEqual([{ n: 0 }, { n: 1 }]);
  rmSync(path("out.jsonl.journal"));
  expect(await refused()).toBe(
    'OUTPUT_EXISTS: the output "out.jsonl" exists, but there is no journal to go on from; name the journal with --journal, or add --force instead of --resume to start anew and replace it.',
  );
  expect(await refused({})).toBe(
    'OUTPUT_EXISTS: the output "out.jsonl" exists already; move it away, name another, or add --force to replace it.',
  );
});

const begun =
  'since the journal "out.jsonl.journal" was begun, so its results would not fit together; undo that to go on, or add --force instead of --resume to start anew.';

test("a changed module, input or setting is refused", async () => {
  await run(2, { settings: { ordered: false, format: "jsonl" } });
  expect(await refused({ resume: true, settings: { ordered: true, format: "jsonl" } })).toBe(
    `JOURNAL_MISMATCH: ordered has changed from false to true ${begun}`,
  );
  expect(await refused({ resume: true, settings: { ordered: false } })).toBe(
    `JOURNAL_MISMATCH: format has changed from "jsonl" to nothing ${begun}`,
  );
  const settings = { ordered: false, format: "jsonl" };
  writeFileSync(path("in.jsonl"), readFileSync(path("in.jsonl"), "utf8").replace("5", "9"));
  expect(await refused({ resume: true, settings })).toBe(
    `JOURNAL_MISMATCH: the content of the input "in.jsonl" has changed ${begun}`,
  );
  appendFileSync(path("in.jsonl"), "1\n");
  expect(await refused({ resume: true, settings })).toBe(
    `JOURNAL_MISMATCH: the input "in.jsonl" has changed from 48 bytes to 50 bytes ${begun}`,
  );
  appendFileSync(path("job.js"), "\n");
  expect(await refused({ resume: true, settings })).toBe(
    `JOURNAL_MISMATCH: the module "job.js" has changed ${begun}`,
  );
});

test("an output that lost what it had is refused", async () => {
  await run(2);
  writeFileSync(path("out.jsonl"), "");
  expect(await refused()).toBe(
    'JOURNAL_MISMATCH: the output "out.jsonl" has 0 bytes where the journal says that 56 were written; put it back to go on, or add --force instead of --resume to start anew.',
  );
});

test("a file that is no journal, or one of another version, is refused", async () => {
  writeFileSync(path("out.jsonl.journal"), "my notes\n");
  expect(await refused()).toBe(
    'JOURNAL_UNREADABLE: the journal "out.jsonl.journal" is not a journal of Sluice; name another with --journal, or add --force to start anew and replace it.',
  );
  writeFileSync(path("out.jsonl.journal"), '{"sluice":"journal","version":9,"job":{}}\n');
  expect(await refused()).toMatch(
    /^JOURNAL_UNREADABLE: the journal "out.jsonl.journal" has version 9/,
  );
});

test("files that are one and the same are refused", async () => {
  writeFileSync(path("same.jsonl"), "");
  expect(await refused({ output: "in.jsonl", force: true })).toBe(
    'OUTPUT_IS_INPUT: the output "in.jsonl" is the input itself, which would be lost; write to another file.',
  );
  expect(await refused({ failed: "./in.jsonl", force: true })).toMatch(
    /^OUTPUT_IS_INPUT: the file of failures ".\/in.jsonl" is the input itself/,
  );
  expect(await refused({ output: "new.jsonl", failed: "./new.jsonl" })).toBe(
    'USAGE: the file of failures "./new.jsonl" is the same file as the output "new.jsonl"; give each a file of its own.',
  );
  expect(await refused({ failed: "out.jsonl.journal" })).toMatch(
    /^USAGE: the journal .+ same file/,
  );
});

test("two jobs on one journal: the second is refused", async () => {
  const job = await openJobFiles({ cwd, output: "out.jsonl" });
  expect(await refused()).toMatch(/^JOB_RUNNING: /);
  await job.sink.close();
  await job.journal.close(false);
});

test("a folder that is not there is a sentence, and no claim is left", async () => {
  expect(await refused({ output: "none/out.jsonl" })).toMatch(
    /^OUTPUT_UNWRITABLE: the output "none\/out.jsonl" cannot be written \(no such file/,
  );
});
