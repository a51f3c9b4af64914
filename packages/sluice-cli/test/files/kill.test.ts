// Law: whatever was written, flushed and noted when a job was killed, and wherever its files were
// torn behind what the disk was sure to have, the resumed job ends with every row exactly once.
import { appendFileSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Row } from "../../src/runner/parts.ts";
import { type JobFiles, makeFolder, openJobFiles } from "./job-files.ts";

const ROWS = 40;
const AHEAD = 6;
const failing = (n: number): boolean => n % 4 === 0;
/** What earlier runs write is longer, so that what is not cut off of it shows. */
const LONG = "x".repeat(300);

type Step =
  | { readonly do: "finish"; readonly which: number }
  | { readonly do: "flush" | "checkpoint" | "started" };

interface Life {
  readonly steps: readonly Step[];
  readonly end: "killed" | "killed in a checkpoint" | "stopped";
  /** Where each file is torn, as a part of what is not certain. */
  readonly torn: readonly [number, number, number];
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("finish" as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("flush", "checkpoint", "started") }),
  },
);

const part = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));

const life: fc.Arbitrary<Life> = fc.record({
  steps: fc.array(step, { maxLength: 40 }),
  end: fc.constantFrom("killed", "killed in a checkpoint", "stopped"),
  torn: fc.tuple(part, part, part),
});

const kind = fc.record({
  output: fc.constantFrom("out.jsonl", "out.jsonl.gz", "out.csv", "out.csv.gz"),
  failed: fc.constantFrom("failed.jsonl", "failed.jsonl.gz"),
  ordered: fc.boolean(),
  rewriteAt: fc.constantFrom(0, 1_000_000),
});

test("after any kills and tears, every row is in the output exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(kind, fc.array(life, { minLength: 1, maxLength: 4 }), async (kind, lives) => {
      const folder = makeFolder(ROWS);
      try {
        const options = { cwd: folder.path, ...kind };
        for (const [at, life] of lives.entries()) {
          await live(await openJobFiles({ ...options, resume: at > 0 }), life, options);
        }
        await finish(await openJobFiles({ ...options, resume: true }));
        expectEveryRowOnce(folder.path, kind);
      } finally {
        folder.remove();
      }
    }),
    { numRuns: 150 },
  );
});

type Files = { readonly cwd: string; readonly output: string; readonly failed: string };

async function live(job: JobFiles, { steps, end, torn }: Life, files: Files): Promise<void> {
  const paths = [files.output, files.failed, `${files.output}.journal`].map((name) =>
    join(files.cwd, name),
  );
  const journal = paths[2]!;
  let outputs = job.journal.resumed?.checkpoint?.offsets ?? [0, 0];
  let noted = placeOf(journal);
  const hand: Row[] = [];
  const writes: Promise<unknown>[] = [];
  for (const step of steps) {
    await fill(job, hand);
    if (step.do === "finish" && hand.length > 0) {
      const [row] = hand.splice(step.which % hand.length, 1);
      writes.push(write(job, row!, LONG));
    } else if (step.do === "flush") await job.sink.flush();
    else if (step.do === "started") job.journal.started(2);
    else if (step.do === "checkpoint") {
      outputs = await job.checkpoint();
      noted = placeOf(journal);
    }
  }
  if (end === "killed in a checkpoint") outputs = await job.checkpoint();
  if (end === "stopped") {
    for (const { index } of hand.toReversed()) job.sink.skip(index, "left");
    await job.checkpoint();
  }
  job.source.close();
  await job.sink.close();
  await Promise.all(writes);
  await job.journal.close(false);
  if (end === "stopped") return;
  // A journal that was written anew is on the disk before it has its name.
  const now = placeOf(journal);
  const certain = [...outputs, now.inode === noted.inode ? noted.size : now.size];
  for (const [at, path] of paths.entries()) tear(path, certain[at]!, torn[at]!);
}

function placeOf(path: string): { inode: number; size: number } {
  const { ino, size } = statSync(path);
  return { inode: ino, size };
}

function tear(path: string, certain: number, part: number): void {
  const { size } = statSync(path);
  truncateSync(path, certain + Math.floor((size - certain) * part));
}

async function finish(job: JobFiles): Promise<void> {
  const writes: Promise<unknown>[] = [];
  const before = job.journal.resumed?.rows ?? 0;
  let given = 0;
  for await (const row of { [Symbol.asyncIterator]: () => job.rows }) {
    given += 1;
    writes.push(write(job, row as Row));
  }
  expect([job.passed.count, given]).toEqual([before, ROWS - before]);
  await Promise.all(writes);
  await job.checkpoint();
  await job.sink.close();
  await job.journal.close(true);
}

async function fill(job: JobFiles, hand: Row[]): Promise<void> {
  while (hand.length < AHEAD) {
    const { done, value } = await job.rows.next();
    if (done) return;
    hand.push(value as Row);
  }
}

function write(job: JobFiles, row: Row, end = ""): Promise<boolean | undefined> {
  const { n } = row.value as { n: number };
  const { index } = row;
  if (failing(n)) return job.sink.write({ index, row, error: new Error(`no ${n}${end}`) });
  return job.sink.write({ index, row, value: { n, text: `"${n}",\nä${end}` } });
}

function expectEveryRowOnce(cwd: string, kind: Omit<Files, "cwd"> & { ordered: boolean }): void {
  const text = read(join(cwd, kind.output));
  const records = kind.output.includes("csv")
    ? parse(text, { columns: true }).map((record) => record as Record<string, string>)
    : lines(text);
  const all = Array.from({ length: ROWS }, (_, index) => index);
  const indexes = records.map(({ index }) => Number(index));
  expect(kind.ordered ? indexes : indexes.toSorted((a, b) => a - b)).toEqual(all);
  for (const record of records) {
    const index = Number(record["index"]);
    const value = (record["value"] ?? record) as { n?: unknown; text?: unknown };
    if (failing(index)) expect(record["error"]).not.toBe("");
    else {
      expect(Number(value.n)).toBe(index);
      expect([`"${index}",\nä`, `"${index}",\nä${LONG}`]).toContain(value.text);
    }
  }
  const failed = lines(read(join(cwd, kind.failed)));
  expect(failed.map(({ row }) => (row as { n: number }).n).toSorted((a, b) => a - b)).toEqual(
    all.filter(failing),
  );
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function read(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}

test("what stands behind the torn line of a journal does not count", async () => {
  const folder = makeFolder(3);
  try {
    const options = { cwd: folder.path, output: "out.jsonl" };
    const job = await openJobFiles(options);
    const { value } = await job.rows.next();
    await write(job, value as Row);
    await job.checkpoint();
    job.source.close();
    await job.sink.close();
    await job.journal.close(false);
    appendFileSync(
      join(folder.path, "out.jsonl.journal"),
      '{"started":3}\n{"star\n{"started":5}\n',
    );
    const again = await openJobFiles({ ...options, resume: true });
    expect([again.journal.resumed?.rows, again.journal.resumed?.started]).toEqual([1, 3]);
    await again.sink.close();
    await again.journal.close(false);
  } finally {
    folder.remove();
  }
});
