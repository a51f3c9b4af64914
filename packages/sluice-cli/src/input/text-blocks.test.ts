import { expect, test } from "vitest";
import { textBlocks } from "./text-blocks.ts";

async function read(chunks: Uint8Array[], longest?: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const block of textBlocks(streamOf(chunks), '"rows"', longest)) {
      seen.push([block.line, block.text]);
    }
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    seen.push([code, message]);
  }
  return seen;
}

async function* streamOf(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const text = "\uFEFFone\n\nzwei: ä\r\n三 🐟\nlast";

test("gives whole lines and their numbers, wherever the bytes are cut", async () => {
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const blocks = (await read([bytes.subarray(0, cut), bytes.subarray(cut)])) as [
      number,
      string,
    ][];
    expect(blocks.map(([, part]) => part).join("")).toBe(text.slice(1));
    for (const [line, part] of blocks) {
      expect(text.slice(1).split("\n")[line - 1]).toBe(part.split("\n")[0]);
      expect(part.endsWith("\n") || part === "last").toBe(true);
    }
  }
});

test("no bytes are no text", async () => {
  expect(await read([])).toEqual([]);
  expect(await read([Buffer.of()])).toEqual([]);
});

test("gives out the lines before one that is not UTF-8, and names that one", async () => {
  const bytes = Buffer.concat([Buffer.from("a\nb\n"), Buffer.of(0xff, 10), Buffer.from("c\n")]);
  expect(await read([bytes])).toEqual([
    [1, "a\nb\n"],
    [
      "INPUT_NOT_UTF8",
      'line 3 of "rows" is not UTF-8 text; convert the input to UTF-8 (it may be compressed, or in another encoding).',
    ],
  ]);
});

test("tells a character that was cut off at the end from one that is wrong", async () => {
  expect(await read([Buffer.from("a\nä").subarray(0, 3)])).toEqual([
    [1, "a\n"],
    [
      "INPUT_CUT_OFF",
      expect.stringContaining('"rows" is cut off in the middle of a character in line 2'),
    ],
  ]);
});

test("refuses a line without end, so that memory stays bounded", async () => {
  expect(await read([Buffer.from("a\nbbb"), Buffer.from("bbb")], 5)).toEqual([
    [1, "a\n"],
    ["INPUT_LINE_TOO_LONG", 'line 2 of "rows" is longer than 5 bytes; write one row a line.'],
  ]);
});
