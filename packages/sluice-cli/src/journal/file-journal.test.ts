import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FileJournal } from "./file-journal.ts";
import { readJournal } from "./journal-file.ts";

const job = { inputs: [], settings: {} };
const state = { flushed: { offsets: [7], done: [[0, 9]] as const }, limiter: undefined };

async function begin(rewriteAt: number): Promise<{ file: string; journal: FileJournal }> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-journal-"));
  const file = join(folder, "j");
  const seat = { file, name: 'the journal "j"', leave: () => {}, first: 10, rewriteAt };
  const fresh = { job, checkpoint: undefined, started: 0, finished: 0 };
  const journal = await FileJournal.begin(seat, fresh, false);
  onTestFinished(async () => {
    await journal.close(false);
    rmSync(folder, { recursive: true });
  });
  return { file, journal };
}

const read = (file: string) => readJournal(readFileSync(file, "utf8"), "j");

test.each([0, 1_000_000])(
  "rows that are started while a checkpoint is made come after it (written anew at %i)",
  async (rewriteAt) => {
    const { file, journal } = await begin(rewriteAt);
    for (let round = 0; round < 40; round += 1) {
      journal.started(3);
      expect(read(file).started).toBe(round === 0 ? 3 : 5);
      const made = journal.checkpoint(state);
      journal.started(2);
      expect(read(file).started).toBeLessThanOrEqual(round === 0 ? 5 : 7);
      await made;
      expect(read(file)).toMatchObject({ started: 2, checkpoint: { offsets: [7] } });
    }
  },
);

test("a journal does not grow with the length of the job", async () => {
  const { file, journal } = await begin(2_000);
  for (let round = 0; round < 300; round += 1) {
    for (let row = 0; row < 20; row += 1) journal.started(1);
    await journal.checkpoint(state);
    expect(statSync(file).size).toBeLessThan(3_000);
  }
  expect(readdirSync(dirname(file))).toEqual(["j"]);
});

test("a journal that cannot be shortened grows, and says the same", async () => {
  const { file, journal } = await begin(0);
  mkdirSync(`${file}.new`);
  for (let round = 0; round < 20; round += 1) {
    journal.started(1);
    const made = journal.checkpoint(state);
    journal.started(4);
    await made;
    expect(read(file)).toMatchObject({ started: 4, checkpoint: { offsets: [7] } });
  }
});

test("a journal that cannot be begun is a sentence, and leaves nothing behind", async () => {
  const { file } = await begin(0);
  const folder = dirname(file);
  mkdirSync(join(folder, "folder"));
  const seat = {
    file: join(folder, "folder"),
    name: "it",
    leave: () => {},
    first: 10,
    rewriteAt: 0,
  };
  const fresh = { job, checkpoint: undefined, started: 0, finished: 0 };
  await expect(FileJournal.begin(seat, fresh, false)).rejects.toMatchObject({
    code: "JOURNAL_UNWRITABLE",
    message: expect.stringMatching(/^it cannot be written \(.+\); nothing that it says is lost/),
  });
  expect(readdirSync(folder).toSorted()).toEqual(["folder", "j"]);
});

test("the finished job says so, and so does the one that was gone on with after that, but for more rows", async () => {
  const { file, journal } = await begin(2_000);
  await journal.checkpoint(state);
  await journal.close(true);
  const content = read(file);
  expect(content.finished).toBe(10);
  const seat = { file, name: "j", leave: () => {}, first: 10, rewriteAt: 2_000 };
  const again = await FileJournal.begin(seat, content, true);
  expect(again.resumed).toMatchObject({ finished: true, rows: 10 });
  await again.close(false);
  expect(read(file).finished).toBe(10);
  const more = await FileJournal.begin({ ...seat, first: 11 }, content, true);
  expect(more.resumed).toMatchObject({ finished: false, rows: 10 });
  await more.close(false);
  expect(read(file).finished).toBe(0);
});
