import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { describeError } from "./result-record.ts";

const circle: { self?: unknown } = {};
circle.self = circle;

test("an error keeps its name, message and code, and those of its cause", () => {
  expect(describeError(new TypeError("bad"))).toEqual({ name: "TypeError", message: "bad" });
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  expect(describeError(new TypeError("fetch failed", { cause: refused }))).toEqual({
    name: "TypeError",
    message: "fetch failed: connect ECONNREFUSED",
    code: "ECONNREFUSED",
  });
  expect(describeError(Object.assign(new Error("x"), { code: 429 })).code).toBe(429);
  expect(describeError(Object.assign(new Error("x"), { code: {} }))).not.toHaveProperty("code");
});

test("a sentence of ours is not followed by its cause once more", () => {
  const cause = new Error("spawn E2BIG");
  const error = new CliError("COMMAND_NOT_STARTED", "it cannot be started (E2BIG).", { cause });
  expect(describeError(error).message).toBe("it cannot be started (E2BIG).");
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
