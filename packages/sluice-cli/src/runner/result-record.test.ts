import { expect, test } from "vitest";
import { describeError, recordOf } from "./result-record.ts";

test("a value stands with its index; nothing is null", () => {
  expect(recordOf(3, { value: { a: [1, "ü"] } })).toEqual({
    index: 3,
    failed: false,
    json: '{"index":3,"value":{"a":[1,"ü"]}}',
  });
  expect(recordOf(0, { value: undefined }).json).toBe('{"index":0,"value":null}');
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
  const { failed, json } = recordOf(1, { value });
  const { index, error } = JSON.parse(json) as { index: number; error: Record<string, string> };
  expect([index, failed, error["code"]]).toEqual([1, true, "RESULT_UNSERIALISABLE"]);
  expect(error["message"]).toContain(why);
  expect(error["message"]).toContain("return plain data.");
});

test("an error keeps its name, message and code, and those of its cause", () => {
  expect(recordOf(7, { error: new TypeError("bad") }).json).toBe(
    '{"index":7,"error":{"name":"TypeError","message":"bad"}}',
  );
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  expect(describeError(new TypeError("fetch failed", { cause: refused }))).toEqual({
    name: "TypeError",
    message: "fetch failed: connect ECONNREFUSED",
    code: "ECONNREFUSED",
  });
  expect(describeError(Object.assign(new Error("x"), { code: 429 })).code).toBe(429);
  expect(describeError(Object.assign(new Error("x"), { code: {} }))).not.toHaveProperty("code");
});

test.each([
  ["text", 'thrown: "text"'],
  [undefined, "thrown: undefined"],
  [null, "thrown: null"],
  [42n, "thrown: 42"],
  [{ status: 500 }, 'thrown: {"status":500}'],
  [circle, "thrown: something that cannot be read"],
])("what is thrown need not be an error: %s", (thrown, message) => {
  expect(describeError(thrown)).toEqual({ name: "NonError", message });
});
