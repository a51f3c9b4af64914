// Every store and every kind of worker on the Nodes that come after this one, where the registry has them.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, inject, test } from "vitest";
import { orSkip } from "../servers/or-skip.ts";
import { buildHammer } from "../shared-memory/built-hammer.ts";

const exec = promisify(execFile);
const script = fileURLToPath(new URL("every-store.ts", import.meta.url));
const bin = fileURLToPath(new URL("../../../sluice-cli/dist/bin.js", import.meta.url));
const hammer = buildHammer();
const folder = mkdtempSync(join(tmpdir(), "sluice-nodes-"));
afterAll(() => {
  rmSync(hammer);
  rmSync(folder, { recursive: true });
});

test.for([22, 24])("Node %i", async (version, { skip }) => {
  const asking = ["exec", "--yes", `--package=node@${version}`, "--", "node", "-p"];
  const node = await orSkip(exec("npm", [...asking, "process.execPath"], { cwd: folder }), skip);
  const home = mkdtempSync(join(folder, `${version}-`));
  const run = (...args: string[]) => exec(node.stdout.trim(), args, { cwd: home });
  const servers = [inject("redisUrl"), inject("postgresUrl")];
  const { stdout } = await run(script, home, hammer, ...servers);
  const rules = stdout.trimEnd().split("\n").slice(0, -2);
  expect(rules).toHaveLength(9);
  for (const line of rules) expect(line).toMatch(/: \d\d rules$/);
  expect(stdout).toContain("threads: kept\nprocesses: kept, 0 stuck\n");

  writeFileSync(join(home, "job.mjs"), "export default (row) => row * 2;\n");
  writeFileSync(join(home, "rows.jsonl"), "1\n2\n3\n4\n");
  for (const isolation of ["process", "thread"]) {
    const output = `${isolation}.jsonl`;
    const job = ["run", "job.mjs", "-i", "rows.jsonl", "-o", output, "-r", "500/s"];
    const workers = ["--workers", "2", "--isolation", isolation];
    await run(bin, ...job, ...workers, "--store", "sqlite:limits.db", "--name", isolation);
    const lines = readFileSync(join(home, output), "utf8").trimEnd().split("\n");
    const values = lines.map((line) => (JSON.parse(line) as { value: number }).value);
    expect(values.toSorted()).toEqual([2, 4, 6, 8]);
  }
});
