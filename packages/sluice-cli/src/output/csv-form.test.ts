import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvForm } from "./csv-form.ts";
import type { PlainRecord } from "./plain-record.ts";

const value = (value: unknown): PlainRecord => ({ json: JSON.stringify(value) });
const failure: PlainRecord = { error: { name: "TypeError", message: "bad, very", code: 7 } };

/** All that is written, and the order of the rows. */
function written(form: CsvForm, records: readonly PlainRecord[]): [string, number[]] {
  let text = "";
  const indexes: number[] = [];
  const take = (index: number, part: string): void => {
    text += part;
    indexes.push(index);
  };
  for (const [index, record] of records.entries()) form.form(index, record, take);
  form.rest(take);
  return [text, indexes];
}

const textOf = (records: readonly PlainRecord[], form = new CsvForm(undefined, undefined)) =>
  written(form, records)[0];

test("the first result says the columns; what it lacks stands under more", () => {
  expect(
    textOf([
      value({ name: "a, b", size: 2, tags: ["x"] }),
      value({ size: 3, extra: { deep: true } }),
      value({ name: null, size: false, tags: "line\nbreak" }),
      value("text"),
      value(null),
      failure,
    ]),
  ).toBe(
    [
      "index,error,name,size,tags,more",
      '0,,"a, b",2,"[""x""]",',
      '1,,,3,,"{""extra"":{""deep"":true}}"',
      '2,,,false,"line\nbreak",',
      '3,,,,,"""text"""',
      "4,,,,,",
      '5,"TypeError [7]: bad, very",,,,',
      "",
    ].join("\n"),
  );
});

test("a result that is no object stands under value", () => {
  expect(textOf([value("a"), value([1, 2]), value({ value: "b", more: 1 })])).toBe(
    'index,error,value,more\n0,,a,\n1,,"[1,2]",\n2,,b,"{""more"":1}"\n',
  );
});

test("failures and nothing wait for the first result, in their order", () => {
  const form = new CsvForm(undefined, undefined);
  expect(written(form, [failure, value(null), value({ a: 1 }), failure])).toEqual([
    'index,error,a,more\n0,"TypeError [7]: bad, very",,\n1,,,\n2,,1,\n3,"TypeError [7]: bad, very",,\n',
    [0, 1, 2, 3],
  ]);
  expect(form.columns).toEqual(["index", "error", "a", "more"]);
});

test("they do not wait for ever: at the end, or when there are too many", () => {
  expect(textOf([failure])).toBe('index,error,value,more\n0,"TypeError [7]: bad, very",,\n');
  expect(textOf([])).toBe("");
  const form = new CsvForm(undefined, undefined);
  let taken = 0;
  for (let index = 0; index <= 1_000; index += 1) form.form(index, failure, () => (taken += 1));
  expect(taken).toBe(1_001);
});

test("columns that the user names are all there are", () => {
  expect(textOf([failure, value({ a: 1, b: 2, c: 3 })], new CsvForm(["c", "a"], undefined))).toBe(
    'index,error,c,a\n0,"TypeError [7]: bad, very",,\n1,,3,1\n',
  );
});

test("a file that has its header goes on with it", () => {
  const form = new CsvForm(undefined, ["index", "error", "b", "more"]);
  expect(textOf([failure, value({ a: 1, b: 2 })], form)).toBe(
    '0,"TypeError [7]: bad, very",,\n1,,2,"{""a"":1}"\n',
  );
});

test("any results can be read back, whatever their keys and texts are", () => {
  const keys = fc.oneof(
    fc.constantFrom(
      "index",
      "error",
      "more",
      "value",
      "value.index",
      "__proto__",
      "a,b",
      '"',
      "\r",
    ),
    fc.string(),
  );
  const texts = fc.oneof(fc.constantFrom("", "\r", "\n", '"', ",", " x "), fc.string());
  const results = fc.array(fc.dictionary(keys, texts, { maxKeys: 5 }), { minLength: 1 });
  fc.assert(
    fc.property(results, (results) => {
      const [header = [], ...rows] = parse(textOf(results.map(value)), {
        record_delimiter: "\n",
      }) as string[][];
      const back = rows.map((cells, row) => {
        const entries = header.map((column, at) => [column, cells[at] ?? ""] as const);
        const more = JSON.parse(cells.at(-1) || "{}") as Record<string, string>;
        const found = entries
          .slice(2, -1)
          .map(([column, cell]) => [column.replace(/^value\./, ""), cell] as const)
          .filter(([key]) => Object.hasOwn(results[row]!, key));
        return [...found, ...Object.entries(more)].toSorted();
      });
      expect(back).toEqual(results.map((result) => Object.entries(result).toSorted()));
    }),
  );
});
