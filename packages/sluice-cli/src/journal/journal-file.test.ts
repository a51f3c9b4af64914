import { expect, test } from "vitest";
import { checkpointLine, headerLine, readJournal } from "./journal-file.ts";

const job = { inputs: [], settings: {} };
const header = headerLine(job);

test.each([
  ["nothing", ""],
  ["another file", '{"index":0,"value":1}\n'],
  ["no job", '{"sluice":"journal","version":1,"job":null}\n'],
  ["a job without inputs", '{"sluice":"journal","version":1,"job":{}}\n'],
  ["a checkpoint that is none", `${header}{"checkpoint":true}\n`],
  ["a checkpoint without lists", `${header}{"checkpoint":{"read":1,"hash":"h"}}\n`],
])("%s is no journal", (_what, text) => {
  expect(() => readJournal(text, 'the journal "j"')).toThrow('the journal "j" is not a journal');
});

test("rows that were started count from the last checkpoint that is whole", () => {
  const checkpoint = { offsets: [4], done: [[0, 1]] as const, read: 2, hash: "h" };
  const whole = `${header}{"started":3}\n${checkpointLine(checkpoint)}{"started":2}\n`;
  const torn = `${whole}{"checkpoint":{"offs`;
  expect(readJournal(torn, "j")).toEqual({ job, checkpoint, started: 2, finished: 0 });
});
