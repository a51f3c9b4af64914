// What is wrong with a store is one sentence with a code, before a row is started.
import { expect, test } from "vitest";
import { Folder } from "./sluice-process.ts";

const files = {
  "job.mjs": 'export default (row) => { console.error("STARTED"); return row; };',
  "rows.jsonl": "0\n1\n",
};
const rate = ["job.mjs", "-i", "rows.jsonl", "-r", "1000/h"];

test.each([
  ["no name", ["--store", "sqlite:l.db"], "NAME_MISSING", "add --name"],
  ["an unknown scheme", ["--store", "mysql://h", "--name", "n"], "STORE_UNKNOWN", "redis://"],
  ["a scheme alone", ["--store", "sqlite:", "--name", "n"], "STORE_UNKNOWN", '"sqlite:"'],
  [
    "a Redis that is not there",
    ["--store", "redis://u:secret@127.0.0.1:1", "--name", "n"],
    "STORE_UNAVAILABLE",
    "the store redis://u:***@127.0.0.1:1 cannot be opened (connect ECONNREFUSED 127.0.0.1:1)",
  ],
  [
    "a PostgreSQL that is not there",
    ["--store", "postgres://127.0.0.1:1/db", "--name", "n"],
    "STORE_UNAVAILABLE",
    "cannot be opened (connect ECONNREFUSED 127.0.0.1:1)",
  ],
  [
    "a folder that is not there",
    ["--store", "sqlite:gone/l.db", "--name", "n"],
    "STORE_UNAVAILABLE",
    "the store sqlite:gone/l.db cannot be opened",
  ],
  ["a file that is no store", ["--store", "sqlite:job.mjs", "--name", "n"], "STORE_CORRUPT", ""],
  ["a name without a store", ["--name", "n"], "USAGE", "name is of limits in a store"],
  ["a time-out without a store", ["--store-timeout", "1m"], "USAGE", "add --store"],
  [
    "a time-out that is none",
    ["--store", "sqlite:l.db", "--name", "n", "--store-timeout", "soon"],
    "USAGE",
    "storeTimeout is a duration",
  ],
])("%s", async (_what, args, code, sentence) => {
  const folder = new Folder(files);
  const ended = await folder.run([...rate, ...args]);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toMatch(/^sluice: [^\n]+ \[[A-Z_]+\]\n$/);
  expect(ended.stderr).toContain(`[${code}]`);
  expect(ended.stderr).toContain(sentence);
});

test("limits of another kind under the same name", async () => {
  const folder = new Folder(files);
  const store = ["--store", "sqlite:l.db", "--name", "n"];
  expect(await folder.run([...rate, ...store])).toMatchObject({ code: 0 });
  const other = ["job.mjs", "-i", "rows.jsonl", "-r", "1000/h even", ...store];
  const { code, stdout, stderr } = await folder.run(other);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^sluice: [^\n]+ \[LIMITS_CONFLICT\]\n$/);
});

test("only limits per worker", async () => {
  const folder = new Folder(files);
  const args = ["--rate-per-worker", "5/s", "--store", "sqlite:l.db", "--name", "n"];
  const { code, stderr } = await folder.run(["job.mjs", "-i", "rows.jsonl", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^sluice: [^\n]+ add --rate [^\n]+ \[RATE_MISSING\]\n$/);
});

test.each(["redis://h", "sqlite:l.db", "shared:l"])(
  "nothing is to be migrated in %s",
  async (store) => {
    const { code, stdout } = await new Folder().command("migrate", store);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `nothing to do: ${store} makes what it needs when it is first used\n`,
    });
  },
);
