import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import type { BadRow, Row } from "../runner/parts.ts";
import type { Format } from "./format.ts";
import { fileRows } from "./row-source.ts";

/** The rows as `[index, line, value]`, or with the code and the message of what is wrong. */
async function read(bytes: Readable | string | string[], format: Format): Promise<unknown[]> {
  const stream =
    bytes instanceof Readable
      ? bytes
      : Readable.from([bytes].flat().map((part) => Buffer.from(part)));
  const seen: unknown[] = [];
  try {
    for await (const row of fileRows([input(stream, format)])) seen.push(flat(row));
  } catch (error) {
    seen.push(problem(error));
  }
  return seen;
}

function input(bytes: Readable, format: Format, name = '"in"') {
  return { name, format, bytes: () => bytes };
}

function flat(row: Row | BadRow): unknown[] {
  return [row.index, row.line, "problem" in row ? problem(row.problem) : row.value];
}

function problem(error: unknown): string {
  const { code, message } = error as { code: string; message: string };
  return `${code}: ${message}`;
}

test("JSON Lines: any value, Windows line ends, blank lines passed over", async () => {
  expect(await read('{"a":1}\r\n\n[2]\n  \nnull\n"x"\n', "jsonl")).toEqual([
    [0, 1, { a: 1 }],
    [1, 3, [2]],
    [2, 5, null],
    [3, 6, "x"],
  ]);
});

test("JSON Lines: a line that is not JSON is a bad row, and the rows go on", async () => {
  expect(await read('1\n{"a":\n3\n', "jsonl")).toEqual([
    [0, 1, 1],
    [
      1,
      2,
      expect.stringMatching(
        /^ROW_INVALID: line 2 of "in" is not JSON \(.+\): "\{\\"a\\":"; write one JSON value a line\.$/,
      ),
    ],
    [2, 3, 3],
  ]);
});

test("JSON Lines: a last line without its end counts when it is whole", async () => {
  expect(await read("1\n[2]", "jsonl")).toEqual([
    [0, 1, 1],
    [1, 2, [2]],
  ]);
});

test("JSON Lines: a last line that is cut off ends the reading, after the rows before it", async () => {
  expect(await read('1\n{"a": "b', "jsonl")).toEqual([
    [0, 1, 1],
    'INPUT_CUT_OFF: "in" is cut off in line 2, which is "{\\"a\\": \\"b"; all rows before it are done: complete that line and run it again.',
  ]);
});

test("lines: every line is a row, empty ones too", async () => {
  expect(await read(["a\r\n", "\nb c"], "lines")).toEqual([
    [0, 1, "a"],
    [1, 2, ""],
    [2, 3, "b c"],
  ]);
});

test("CSV: objects by the header; quotes, line breaks in fields, blank lines", async () => {
  expect(await read('\uFEFFid,name\r\n1,"a, b"\n\n2,"x\ny"\n3,"""q"""', "csv")).toEqual([
    [0, 2, { id: "1", name: "a, b" }],
    [1, 5, { id: "2", name: "x\ny" }],
    [2, 6, { id: "3", name: '"q"' }],
  ]);
});

test("CSV: a record that does not fit the header is a bad row", async () => {
  expect(await read("a,b\n1,2\n3\n4,5,6\n7,8\n", "csv")).toEqual([
    [0, 2, { a: "1", b: "2" }],
    [1, 3, expect.stringContaining('ROW_INVALID: line 3 of "in" does not fit its header')],
    [2, 4, expect.stringContaining('ROW_INVALID: line 4 of "in" does not fit its header')],
    [3, 5, { a: "7", b: "8" }],
  ]);
});

test("CSV: broken quotes end the reading, after the records before them", async () => {
  expect(await read('a,b\n1,2\n"x"y,3\n4,5\n', "csv")).toEqual([
    [0, 2, { a: "1", b: "2" }],
    expect.stringContaining('INPUT_INVALID_CSV: "in" is not valid CSV from here on'),
  ]);
  expect(await read('a,b\n1,2\n"x,3\n', "csv")).toEqual([
    [0, 2, { a: "1", b: "2" }],
    expect.stringContaining("INPUT_INVALID_CSV"),
  ]);
});

test("CSV: a column that is there twice is refused; a header alone is no rows", async () => {
  expect(await read("a,b,a\n1,2,3\n", "csv")).toEqual([
    'INPUT_INVALID_CSV: the header of "in" has the column "a" twice; give every column a name of its own.',
  ]);
  expect(await read("a,b\n", "csv")).toEqual([]);
});

test("CSV: lines that end with carriage returns alone are not taken for one long header", async () => {
  expect(await read("a,b\r1,2\r", "csv")).toEqual([
    'INPUT_INVALID_CSV: the header of "in" has a carriage return in it; end lines with a line feed, with or without one before it.',
  ]);
});

test("TSV: a header, and quotes are characters like others", async () => {
  expect(await read('id\tsaid\r\n1\t"hello" you\n2\t"\n', "tsv")).toEqual([
    [0, 2, { id: "1", said: '"hello" you' }],
    [1, 3, { id: "2", said: '"' }],
  ]);
});

test("failures: their rows, ready to be run again; one without a row is a bad row", async () => {
  expect(
    await read(
      '{"index":7,"error":{"message":"no"},"row":{"a":1}}\n{"index":9,"error":{}}\n{"row":null}\n',
      "failed",
    ),
  ).toEqual([
    [0, 1, { a: 1 }],
    [1, 2, expect.stringMatching(/^ROW_INVALID: line 2 of "in" has no "row" to run again/)],
    [2, 3, null],
  ]);
});

test("several inputs are counted through, each with its own lines and format", async () => {
  const inputs = [
    input(Readable.from([Buffer.from("1\n2\n")]), "jsonl"),
    input(Readable.from([Buffer.from("")]), "csv", '"empty"'),
    input(Readable.from([Buffer.from("a\nx\n")]), "csv", '"other"'),
  ];
  const seen: unknown[] = [];
  for await (const row of fileRows(inputs)) seen.push(flat(row));
  expect(seen).toEqual([
    [0, 1, 1],
    [1, 2, 2],
    [2, 2, { a: "x" }],
  ]);
});

test("only the first rows, and no input behind them is opened", async () => {
  const opened: string[] = [];
  const one = (name: string) => ({
    ...input(Readable.from([Buffer.from("1\n2\n3\n")]), "jsonl", name),
    bytes: () => {
      opened.push(name);
      return Readable.from([Buffer.from("1\n2\n3\n")]);
    },
  });
  const count = async (first: number): Promise<number> => {
    const rows: unknown[] = [];
    for await (const row of fileRows([one("a"), one("b"), one("c")], first)) rows.push(row);
    return rows.length;
  };
  expect(await count(4)).toBe(4);
  expect(opened).toEqual(["a", "b"]);
  expect(await count(0)).toBe(0);
  expect(opened).toEqual(["a", "b"]);
});

test.each(["jsonl", "lines", "csv"] as const)("%s: an empty input has no rows", async (format) => {
  expect(await read("", format)).toEqual([]);
});

test.each(["jsonl", "lines", "csv"] as const)(
  "%s: text that is not UTF-8 is named",
  async (format) => {
    const bytes = Buffer.concat([Buffer.from("1\n2\n"), Buffer.of(0xe4), Buffer.from("\n4\n")]);
    const seen = await read(Readable.from([bytes]), format);
    expect(seen).toHaveLength(format === "csv" ? 2 : 3);
    expect(seen.at(-1)).toMatch(/^INPUT_NOT_UTF8: line 3 of "in" is not UTF-8 text/);
  },
);

test("a stream that fails ends the reading with a sentence, after the rows before it", async () => {
  const failing = Readable.from(
    (async function* () {
      yield Buffer.from("1\n");
      throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
    })(),
  );
  expect(await read(failing, "jsonl")).toEqual([
    [0, 1, 1],
    'INPUT_UNREADABLE: "in" cannot be read any further (i/o error, EIO); all rows before it are done.',
  ]);
});

test("closing ends a read that waits, and hides what was read by half", async () => {
  const bytes = new PassThrough();
  const source = fileRows([input(bytes, "jsonl")]);
  const rows = source[Symbol.asyncIterator]();
  bytes.write('1\n{"half');
  expect(await rows.next()).toEqual({ done: false, value: { index: 0, line: 1, value: 1 } });
  const waiting = [rows.next(), rows.next()];
  source.close();
  source.close();
  expect(await Promise.all(waiting)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

test("an endless input is read as it is asked for", async () => {
  let made = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        made += 1;
        yield Buffer.from(`${made}\n`);
      }
    })(),
    { highWaterMark: 1 },
  );
  const rows = fileRows([input(endless, "jsonl")])[Symbol.asyncIterator]();
  for (let index = 0; index < 10; index += 1) await rows.next();
  expect(made).toBeLessThan(20);
});
