// Rows that cannot be compared before the job begins (stdin, a generator) are compared while those
// that were read before are read again.
import { closeSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { iterableRows } from "../../src/input/iterable-rows.ts";
import { identify } from "../../src/journal/job-identity.ts";
import { journaledRows } from "../../src/journal/journaled-rows.ts";
import { openJournal } from "../../src/journal/open-journal.ts";
import type { Row } from "../../src/runner/parts.ts";
import { hostIn, makeFolder } from "./job-files.ts";

async function begin(cwd: string, values: Iterable<unknown>) {
  const journal = await openJournal(
    {
      path: "j",
      resume: true,
      force: false,
      module: undefined,
      inputs: [],
      outputs: { results: undefined, failures: undefined, format: "jsonl" },
      settings: {},
    },
    hostIn(cwd),
  );
  onTestFinished(() => journal.close(false));
  const passed = { count: 0 };
  const source = journaledRows(iterableRows(values), journal, () => {
    passed.count += 1;
  });
  return { journal, source, passed, rows: source[Symbol.asyncIterator]() };
}

/** Reads five rows, of which 0, 1 and 3 get done. */
async function firstRun(): Promise<string> {
  const folder = makeFolder(0);
  onTestFinished(folder.remove);
  const { journal, rows } = await begin(folder.path, [10, 11, 12, 13, 14, 15, 16]);
  for (let row = 0; row < 5; row += 1) await rows.next();
  const flushed = {
    offsets: [],
    done: [
      [0, 1],
      [3, 3],
    ] as const,
  };
  await journal.checkpoint({ flushed, limiter: undefined });
  await journal.close(false);
  return folder.path;
}

async function valuesOf(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const row of source) values.push((row as Row).value);
  return values;
}

test("the rows that are left are given out, also those between done ones", async () => {
  const { source, passed } = await begin(await firstRun(), [10, 11, 12, 13, 14, 15, 16]);
  expect(await valuesOf(source)).toEqual([12, 14, 15, 16]);
  expect(passed.count).toBe(3);
});

test("not one row is given out before all that were read are seen to be the same", async () => {
  const cwd = await firstRun();
  const other = await begin(cwd, [10, 11, 12, 13, "other", 15, 16]);
  await expect(other.rows.next()).rejects.toMatchObject({
    code: "JOURNAL_MISMATCH",
    message:
      'the first 5 rows of the input are not those that were read before, by the journal "j"; give the same input again to go on, or add --force instead of --resume to start anew.',
  });
  await other.journal.close(false);
  const fewer = await begin(cwd, [10, 11, 12]);
  await expect(fewer.rows.next()).rejects.toThrow(
    "the input ends after 3 rows, where 5 were read before",
  );
});

test("a run that is closed before it has read again what was read forgets nothing", async () => {
  const cwd = await firstRun();
  const early = await begin(cwd, [10, 11]);
  early.source.close();
  expect(await early.rows.next()).toMatchObject({ done: true });
  const { checkpoint } = early.journal.resumed!;
  await early.journal.checkpoint({ flushed: checkpoint!, limiter: undefined });
  await early.journal.close(false);
  const again = await begin(cwd, [10, 11, "other", 13, 14]);
  await expect(again.rows.next()).rejects.toMatchObject({ code: "JOURNAL_MISMATCH" });
});

test("a run that was refused its rows leaves the journal to those that were read first", async () => {
  const cwd = await firstRun();
  const other = await begin(cwd, [10, 11, 12, 13, "other", 15]);
  await expect(other.rows.next()).rejects.toMatchObject({ code: "JOURNAL_MISMATCH" });
  const { checkpoint } = other.journal.resumed!;
  await other.journal.checkpoint({ flushed: checkpoint!, limiter: undefined });
  await other.journal.close(false);
  const again = await begin(cwd, [10, 11, 12, 13, 14, 15, 16]);
  expect(await valuesOf(again.source)).toEqual([12, 14, 15, 16]);
});

test("a large file is compared piece by piece, its end included", async () => {
  const folder = makeFolder(0);
  onTestFinished(folder.remove);
  const file = join(folder.path, "large.bin");
  writeFileSync(file, "");
  truncateSync(file, 70 * 1_048_576);
  const hash = async (): Promise<unknown> =>
    (await identify(undefined, [{ name: "x", file, stats: statSync(file) }], {})).inputs[0]?.hash;
  const before = await hash();
  expect(await hash()).toBe(before);
  const fd = openSync(file, "r+");
  writeSync(fd, "x", 70 * 1_048_576 - 1);
  closeSync(fd);
  expect(await hash()).not.toBe(before);
});
