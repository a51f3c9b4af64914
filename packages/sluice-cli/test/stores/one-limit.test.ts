// Several jobs, as if on several machines, hold one limit through each store.
import { Client } from "pg";
import { afterAll, expect, inject, test } from "vitest";
import { Folder } from "../sluice-process.ts";
import { folderWith, fullest } from "./shared-job.ts";

const LIMIT = 20;
const WINDOW = 200;
// Both together are far above what any machine delays a call by, the grace above what it delays answers.
const rate = ["--rate", `${LIMIT}/${WINDOW}ms`, "--margin", "100ms", "--grace", "220ms"];

let names = 0;
const newName = (): string => `jobs-${process.pid}-${(names += 1)}`;

/** Two jobs at once; when each of their rows was called. */
async function together(folder: Folder, store: string, args: string[] = []): Promise<number[]> {
  const name = newName();
  const jobs = ["a", "b"].map((each) => {
    const files = ["job.mjs", "-i", "rows.jsonl", "-o", `${each}.jsonl`];
    return folder.run([...files, ...rate, "--store", store, "--name", name, ...args]);
  });
  const said: string[] = [];
  for (const { code, stderr } of await Promise.all(jobs)) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    said.push(stderr);
  }
  for (const each of said) {
    expect(each).toContain(`limits shared as "${name}" in `);
    expect(each).toContain("60 rows done");
  }
  return ["a.jsonl", "b.jsonl"].flatMap((file) => folder.results(file)) as number[];
}

const stores: [what: string, client: string | undefined, address: () => string][] = [
  ["Redis through ioredis", "ioredis", () => inject("redisUrl")],
  ["Redis through redis", "redis", () => inject("redisUrl")],
  ["PostgreSQL through pg", "pg", () => ownSchema],
  ["PostgreSQL through postgres", "postgres", () => ownSchema],
  ["an SQLite file", undefined, () => "sqlite:limits.db"],
  ["shared memory", undefined, () => "shared:limits.sluice"],
];

/** A database of its own, with the schema. */
let ownSchema = "";

const database = `cli_${process.pid}`;

async function asAdmin(text: string): Promise<void> {
  const client = new Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  await client.query(text);
  await client.end();
}

async function newDatabase(): Promise<string> {
  await asAdmin(`CREATE DATABASE ${database}`);
  const url = new URL(inject("postgresUrl"));
  url.pathname = database;
  return url.href;
}

afterAll(() => asAdmin(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));

test("PostgreSQL asks for its schema, and sluice migrate makes it once", async () => {
  const folder = folderWith(1);
  const store = await newDatabase();
  const args = ["job.mjs", "-i", "rows.jsonl", "-r", "1/s", "--store", store, "--name", newName()];
  const before = await folder.run(args);
  expect(before).toMatchObject({ code: 2, stdout: "" });
  expect(before.stderr).toMatch(
    /^sluice: .+ run "sluice migrate postgres:.+ \[STORE_NOT_MIGRATED\]\n$/,
  );
  const made = await folder.command("migrate", store);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/^made the schema "sluice" in postgres:.+, version \d+\n$/);
  const again = await folder.command("migrate", store);
  expect(again.stdout).toMatch(/^nothing to do: the schema "sluice" in .+ has version \d+\n$/);
  expect(await folder.run(args)).toMatchObject({ code: 0 });
  ownSchema = store;
});

test.each(stores)("%s", async (_what, client, address) => {
  const times = await together(folderWith(60, client), address());
  expect(times).toHaveLength(120);
  expect(fullest(times, WINDOW)).toBeLessThanOrEqual(LIMIT);
  // With a limit each, both would be through in half of that.
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(5 * 400e3);
});

test("a limit per worker is that of each job's own workers", async () => {
  const folder = folderWith(60);
  const args = ["--workers", "2", "--rate-per-worker", "15/200ms", "--concurrency", "3"];
  const times = await together(folder, inject("redisUrl"), args);
  expect(fullest(times, WINDOW)).toBeLessThanOrEqual(LIMIT);
});

test("so many at once, over both jobs", async () => {
  const folder = folderWith(60);
  folder.write(
    "job.mjs",
    `export default async () => {
      const at = process.hrtime.bigint();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return [Number(at / 1000n), Number(process.hrtime.bigint() / 1000n)];
    };`,
  );
  const calls = (await together(folder, inject("redisUrl"), ["--rate", "3 at once"])) as unknown;
  const steps = (calls as [number, number][]).flatMap(([from, to]) => [
    { at: from, step: 1 },
    { at: to, step: -1 },
  ]);
  let running = 0;
  let most = 0;
  for (const { step } of steps.toSorted((a, b) => a.at - b.at || a.step - b.step)) {
    running += step;
    most = Math.max(most, running);
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(3);
});

test("exec and the configuration take a store, too", async () => {
  const folder = new Folder({
    "rows.txt": "a\nb\n",
    "sluice.config.mjs": `export default { store: "${inject("redisUrl")}", name: "${newName()}" };`,
  });
  const args = ["exec", "-i", "rows.txt", "-r", "5/s", "--", "echo", "{}"];
  const { code, stdout, stderr } = await folder.command(...args);
  expect(code).toBe(0);
  expect(stdout).toContain('"stdout":"a\\n"');
  expect(stderr).toContain("limits shared as");
});
