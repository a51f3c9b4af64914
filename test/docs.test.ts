// What the docs show is true: every `ts` fence is compiled and run against the built package, and so
// is every file in examples/. A fence marked `ts no-run` is neither.
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Snippet {
  /** Where it stands, `README.md:12`. */
  place: string;
  file: string;
  code: string;
}

const exec = promisify(execFile);
const limits = { timeout: 30_000, killSignal: "SIGKILL" } as const;

const folder = mkdtempSync(join(tmpdir(), "sluice-docs-"));
const pages = ["README.md", "packages/sluice/README.md", "packages/sluice-cli/README.md"];
const snippets = [...pages, ...filesIn("docs", ".md")].flatMap(snippetsOf);
const examples = filesIn("examples", ".ts").filter((path) => path.split("/").length === 2);

beforeAll(() => {
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  const config = { extends: resolve("tsconfig.json"), include: ["*.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  for (const { file, code } of snippets) writeFileSync(join(folder, file), code);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the snippets of the docs compile", async () => {
  expect(snippets.length).toBeGreaterThan(0);
  const output = await exec("node_modules/.bin/tsc", ["-p", folder]).catch(({ stdout }) => ({
    stdout,
  }));
  expect(output.stdout).toBe("");
});

test.concurrent.each(snippets)("the snippet at $place runs", async ({ file }) => {
  await exec("node", ["--import", "tsx", file], { cwd: folder, ...limits });
});

test.concurrent.each(examples.map((path) => ({ path })))("$path runs", async ({ path }) => {
  await exec("node", ["--import", "tsx", path], limits);
});

function filesIn(path: string, ending: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => `${path}/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(ending) && !name.includes("/node_modules/"));
}

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^```ts *\n([\s\S]*?)^```$/gm)].map(({ index, 1: code = "" }) => {
    const place = `${page}:${text.slice(0, index).split("\n").length}`;
    return { place, file: `${place.replaceAll(/\W/g, "-")}.ts`, code };
  });
}
