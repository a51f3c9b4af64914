import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { failureLine, plainRecord } from "./plain-record.ts";

const row = { index: 1, line: 2, value: { n: 1 } };

test("a value is its JSON; nothing returned is null", () => {
  expect(plainRecord({ index: 1, row, value: { a: [1, "ü"] } })).toEqual({
    json: '{"a":[1,"ü"]}',
  });
  expect(plainRecord({ index: 1, row, value: undefined })).toEqual({ json: "null" });
});

const circle: { self?: unknown } = {};
circle.self = circle;

test.each([
  ["a BigInt", 1n, "BigInt"],
  ["a cycle", circle, "circular"],
  ["a function", () => 1, "it is a function"],
  ["a symbol", Symbol("s"), "it is a symbol"],
  [
    "a toJSON that throws",
    {
      toJSON: () => {
        throw new Error("no");
      },
    },
    "(no)",
  ],
])("%s cannot be written: the row fails with a sentence", (_what, value, why) => {
  const record = plainRecord({ index: 1, row, value });
  expect(record).toMatchObject({ error: { code: "RESULT_UNSERIALISABLE" } });
  const { message } = (record as { error: { message: string } }).error;
  expect(message).toContain(why);
  expect(message).toContain("return plain data.");
});

test("a failure stands with its row; without it when there is none that JSON has", () => {
  const error = { name: "Error", message: "no" };
  const start = '{"index":1,"error":{"name":"Error","message":"no"}';
  expect(failureLine({ index: 1, row, error }, error)).toBe(`${start},"row":{"n":1}}\n`);
  const odd = { ...row, value: { big: 1n } };
  expect(failureLine({ index: 1, row: odd, error }, error)).toBe(`${start}}\n`);
  const bad = { index: 1, line: 2, problem: new CliError("ROW_INVALID", "no") };
  expect(failureLine({ index: 1, row: bad, error }, error)).toBe(`${start}}\n`);
});
