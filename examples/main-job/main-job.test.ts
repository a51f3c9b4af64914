import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

// The margin is far above what any machine delays a request by.
const small = ["--rows", "30", "--limit", "10", "--window", "100", "--margin", "900"];

async function run(
  ...args: string[]
): Promise<{ code: unknown; said: string; rows: { value?: object; error?: object }[] }> {
  const results = mkdtempSync(join(tmpdir(), "main-job-"));
  onTestFinished(() => rmSync(results, { recursive: true, force: true }));
  const command = ["--import", "tsx", main, ...small, "--results", results, ...args];
  const job = spawn(process.execPath, command);
  const said = Promise.all([text(job.stdout), text(job.stderr)]);
  const [code] = (await once(job, "close")) as [number];
  const names = readdirSync(results).filter((name) => name.startsWith("distances"));
  const files = names.filter((name) => name.endsWith(".jsonl"));
  const lines = files.flatMap((name) =>
    readFileSync(join(results, name), "utf8").trim().split("\n"),
  );
  return {
    code,
    said: (await said).join(""),
    rows: lines.map((line) => JSON.parse(line) as { value?: object; error?: object }),
  };
}

test("with the allowed rate nothing is refused", async () => {
  const { code, said, rows } = await run();
  expect(said).toMatch(/^429s +0$/m);
  expect(said).toMatch(/^worst window +10 requests, limit 10$/m);
  expect(said).toMatch(/^results: .*distances\.jsonl$/m);
  expect(code).toBe(0);
  expect(rows).toHaveLength(30);
  expect(
    rows.find(({ value }) => value && "name" in value && value.name === "Tokyo"),
  ).toMatchObject({
    value: { country: "JP", km: expect.any(Number) },
  });
});

test("without a rate the API refuses, and every refusal is a row's error", async () => {
  const { code, said, rows } = await run("--unlimited", "--window", "60000");
  expect(said).toMatch(/^429s +20$/m);
  expect(code).toBe(0);
  expect(rows.filter(({ error }) => error)).toHaveLength(20);
  expect(rows.find(({ error }) => error)).toMatchObject({
    error: { name: "RefusedError", code: 429 },
  });
});

test("two machines do a part each, and hold the rate together", async () => {
  const { code, said, rows } = await run("--machines", "2");
  expect(said).toMatch(/^machine 1 +15 rows in .+\/s$/m);
  expect(said).toMatch(/^machine 2 +15 rows in .+\/s$/m);
  expect(said).toMatch(/^all rows +30$/m);
  expect(said).toMatch(/^429s +0$/m);
  expect(said).toMatch(/^worst window +\d+ requests, limit 10$/m);
  expect(code).toBe(0);
  const names = rows.map(({ value }) => (value as { name: string }).name);
  expect(new Set(names).size).toBe(30);
});
