import fc from "fast-check";
import { expect, test } from "vitest";
import { fillCommand, isFixed, parseCommand } from "./command-template.ts";

function fill(words: string[], row: unknown, index = 7): string[] {
  return fillCommand(parseCommand(words), row, index);
}

const row = { id: 12, name: "O'Neil & sons; rm -rf", tags: ["a", "b"], at: { x: 0.5, y: null } };

test.each([
  ["{id}", "12"],
  ["https://example.com/{id}?n={name}", "https://example.com/12?n=O'Neil & sons; rm -rf"],
  ["{at.x}", "0.5"],
  ["{at.y}", ""],
  ["{tags}", '["a","b"]'],
  ["{tags.1}", "b"],
  ["{index}", "7"],
  ["{}", JSON.stringify(row)],
  ['{"id":{id},"deep":{"n":{at.x}}}', '{"id":12,"deep":{"n":0.5}}'],
  ["{{id}} {{}} {a b} { } {", "{id} {} {a b} { } {"],
  ["", ""],
])("%s is %s", (word, text) => {
  expect(fill(["echo", "{index}", word], row)).toEqual(["echo", "7", text]);
});

test("a line is itself", () => {
  expect(fill(["echo", "<{}>"], "a b")).toEqual(["echo", "<a b>"]);
});

test("without a place the row is the last argument", () => {
  expect(fill(["echo", "-n"], "a b")).toEqual(["echo", "-n", "a b"]);
  expect(fill(["echo", "{{}}"], "a")).toEqual(["echo", "{}", "a"]);
});

test("a field called index goes before the number of the row", () => {
  expect(fill(["echo", "{index}"], { index: "mine" })).toEqual(["echo", "mine"]);
});

test.each([
  [{ id: 1 }, "asks for {name}, but the row has id;"],
  [{}, "the row has no fields;"],
  ["a line", "the row is a string, which has no fields; see --format;"],
])("what the row %j lacks", (value, message) => {
  expect(() => fill(["echo", "{name}"], value)).toThrow(message);
});

test("what is inherited is no field", () => {
  expect(() => fill(["echo", "{constructor}"], {})).toThrow("the row has no fields");
  expect(() => fill(["echo", "{at.z}"], row)).toThrow('"at" of the row has x, y;');
});

test("a row is one argument, whatever is in it, and is not looked at for places", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(fill(["echo", "{}", "{a}"], { a: text })[2]).toBe(text);
      expect(fill(["echo", "{}"], text)).toEqual(["echo", text]);
    }),
  );
});

test("fixed arguments", () => {
  expect(parseCommand(["curl", "{{a}}", "{a}"]).map(isFixed)).toEqual([true, true, false]);
});
