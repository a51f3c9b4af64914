import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { defaults } from "../defaults.ts";
import { countOf, countRows } from "./count-rows.ts";
import type { Format } from "./format.ts";

const never = new AbortController().signal;

/** Inputs with this content. */
function inputs(...contents: [content: string | Uint8Array, format: Format][]) {
  const folder = mkdtempSync(join(tmpdir(), "sluice-count-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return contents.map(([content, format], at) => {
    const file = join(folder, String(at));
    writeFileSync(file, content);
    return { file, format, stats: statSync(file) };
  });
}

test("the lines of all files, without headers; a last line need not end", async () => {
  expect(await countRows(inputs(["1\n2\n3", "jsonl"]), never)).toBe(3);
  expect(await countRows(inputs(["a,b\n1,2\n", "csv"], ["a\tb\n1\t2", "tsv"]), never)).toBe(2);
  expect(await countRows(inputs(["", "csv"], ["", "lines"]), never)).toBe(0);
});

test("what is not cheap to count is not counted", async () => {
  expect(await countRows(inputs(["1\n", "jsonl"], [gzipSync("1\n"), "jsonl"]), never)).toBe(
    undefined,
  );
  const [large] = inputs(["", "lines"]);
  truncateSync(large!.file, defaults.countUpTo + 1);
  expect(await countRows([{ ...large!, stats: statSync(large!.file) }], never)).toBe(undefined);
  const pipe = { file: undefined, stats: undefined, format: "lines" } as const;
  expect(await countRows([pipe], never)).toBe(undefined);
  expect(await countRows(inputs(["1\n", "jsonl"]), AbortSignal.abort())).toBe(undefined);
});

test("the length of what has one", () => {
  expect([countOf([1, 2]), countOf(new Set([1])), countOf(new Map())]).toEqual([2, 1, 0]);
  expect([countOf("text"), countOf((function* () {})())]).toEqual([undefined, undefined]);
});
