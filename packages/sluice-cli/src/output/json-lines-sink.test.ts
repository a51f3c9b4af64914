import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { JsonLinesSink } from "./json-lines-sink.ts";

const record = (index: number) => ({ index, failed: false, json: `{"index":${index}}` });

function failing(code: string, words: string): Writable {
  return new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error(`${code}: ${words}, write`), { code }));
    },
  });
}

test("a result is written when the stream has taken it, not before", async () => {
  const taken: { text: string; done: () => void }[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      taken.push({ text: String(chunk), done });
    },
  });
  const sink = new JsonLinesSink({ name: '"out"', stream, standard: false });
  let written = false;
  const write = sink.write(record(0)).then(() => {
    written = true;
  });
  await Promise.resolve();
  expect([taken[0]!.text, written]).toEqual(['{"index":0}\n', false]);
  taken[0]!.done();
  await write;
  await sink.close();
  expect(stream.writableFinished).toBe(true);
});

test("a full disk is one sentence, the same for all who wait", async () => {
  const stream = failing("ENOSPC", "no space left on device");
  const sink = new JsonLinesSink({ name: '"out"', stream, standard: false });
  const errors = await Promise.all([
    sink.write(record(0)).catch((error: unknown) => error),
    sink.write(record(1)).catch((error: unknown) => error),
  ]);
  for (const error of errors) {
    expect(error).toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message:
        'the output "out" cannot be written any further (no space left on device, ENOSPC); the results before that are in it: make room and run the other rows again.',
    });
  }
  await sink.close();
});

test("a reader that went away is told apart", async () => {
  const stream = failing("EPIPE", "broken pipe");
  const sink = new JsonLinesSink({ name: "standard output", stream, standard: true });
  await expect(sink.write(record(0))).rejects.toMatchObject({ code: "OUTPUT_CLOSED" });
});
