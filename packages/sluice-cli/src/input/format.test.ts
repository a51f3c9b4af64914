import { expect, test } from "vitest";
import { formatOf } from "./format.ts";

test("the ending says the format, the flag overrules it", () => {
  expect(formatOf("a/rows.jsonl", undefined)).toBe("jsonl");
  expect(formatOf("rows.NDJSON", undefined)).toBe("jsonl");
  expect(formatOf("rows.csv", undefined)).toBe("csv");
  expect(formatOf("rows.txt", undefined)).toBe("lines");
  expect(formatOf("rows.tsv", undefined)).toBe("tsv");
  expect(formatOf("rows.CSV.GZ", undefined)).toBe("csv");
  expect(formatOf("rows.csv", "lines")).toBe("lines");
  expect(formatOf(undefined, undefined)).toBe("jsonl");
  expect(formatOf("-", undefined)).toBe("jsonl");
});

test("an ending that says nothing is refused", () => {
  expect(() => formatOf("rows.dat", undefined)).toThrow(
    'the ending of "rows.dat" does not say how its rows are written (known: .jsonl, .ndjson, .txt, .csv, .tsv, each also with .gz); add --format jsonl|lines|csv|tsv|failed.',
  );
});
