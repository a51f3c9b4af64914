// The packages as a user gets them: packed, installed into empty folders, loaded and compiled there.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { orSkip } from "../packages/sluice/test/servers/or-skip.ts";

const exec = promisify(execFile);
const names = ["sluice", "sluice-cli"] as const;
const work = mkdtempSync(join(tmpdir(), "sluice-package-"));
const libraryFolder = join(work, "library");
const toolFolder = join(work, "tool");

let packed: Record<string, { tarball: string; files: string[] }>;

beforeAll(async () => {
  packed = Object.fromEntries(await Promise.all(names.map(pack)));
  // Offline: the library needs nothing but itself. The command's dependencies are in npm's cache.
  await install(libraryFolder, "--offline", packed["sluice"]!.tarball);
  await install(toolFolder, "--prefer-offline", ...names.map((name) => packed[name]!.tarball));
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

test.each(names)("%s packs its build, its sources, a readme and the licence", (name) => {
  const { files } = packed[name]!;
  const expected =
    /^(bin\/sluice\.js|dist\/.*\.(js|d\.ts)(\.map)?|src\/.*\.(ts|lua|sql)|README\.md|LICENSE|package\.json)$/;
  expect(files.filter((path) => !expected.test(path) || path.includes(".test."))).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(["dist/index.js", "src/index.ts", "LICENSE"]));
  const folder = `packages/${name}`;
  expect(readFileSync(`${folder}/LICENSE`, "utf8")).toBe(readFileSync("LICENSE", "utf8"));
});

test("the library has no dependencies, and its exports are closed", async () => {
  const manifest = JSON.parse(readFileSync("packages/sluice/package.json", "utf8"));
  expect(manifest).not.toHaveProperty("dependencies");
  // Only what maps a file into memory, for those who want that.
  expect(manifest.peerDependencies).toEqual({ koffi: expect.any(String) });
  expect(manifest.peerDependenciesMeta).toEqual({ koffi: { optional: true } });
  const inside = exec("node", ["-e", "import('sluice/dist/limiter.js')"], { cwd: libraryFolder });
  await expect(inside).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED");
});

const nodes = [
  { node: `this Node, ${process.version}`, command: ["node"] },
  ...[22, 24].map((version) => ({
    node: `Node ${version}`,
    command: ["npm", "exec", "--yes", `--package=node@${version}`, "--", "node"],
  })),
];

test.for(nodes)("the installed packages work on $node", async ({ node, command }, { skip }) => {
  const run = (cwd: string, ...args: string[]) =>
    exec(command[0]!, [...command.slice(1), ...args], { cwd });
  await orSkip(run(work, "--version"), skip);
  copyFileSync("test/consumer/smoke.mjs", join(libraryFolder, "smoke.mjs"));
  expect((await run(libraryFolder, "smoke.mjs")).stdout).toContain("import and require work");

  const output = `${node.replaceAll(/\W/g, "-")}.jsonl`;
  writeFileSync(join(toolFolder, "job.mjs"), "export default async (row) => row.n * 2;\n");
  writeFileSync(join(toolFolder, "rows.jsonl"), '{"n":1}\n{"n":2}\n');
  const bin = "node_modules/sluice-cli/dist/bin.js";
  const options = ["--input", "rows.jsonl", "--output", output, "--rate", "100/s"];
  await run(toolFolder, bin, "run", "./job.mjs", ...options);
  const results = readFileSync(join(toolFolder, output), "utf8").trimEnd().split("\n");
  expect(results.map((line) => JSON.parse(line).index).toSorted()).toEqual([0, 1]);
});

const nodeNext = {
  module: "nodenext",
  moduleResolution: "nodenext",
  sources: ["consumer.ts", "required.cts"],
};
const bundler = { module: "esnext", moduleResolution: "bundler", sources: ["consumer.ts"] };
const dom = { lib: ["ES2023", "DOM", "ESNext.Disposable"], types: [] };
const node = { lib: ["ES2023", "ESNext.Disposable"], types: ["node"] };

test.each([
  { where: "Node, with Node's types", ...nodeNext, ...node },
  { where: "Node, with the DOM's types", ...nodeNext, ...dom },
  { where: "a bundler", ...bundler, ...dom },
])("the installed types compile strictly for $where", async ({ where, sources, ...options }) => {
  const project = join(libraryFolder, where.replaceAll(/\W/g, "-"));
  mkdirSync(project);
  for (const name of sources) copyFileSync(`test/consumer/${name}`, join(project, name));
  const compilerOptions = {
    ...options,
    target: "ES2023",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    typeRoots: [resolve("node_modules/@types")],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  await passes("tsc", "-p", project);
});

test.each(names)("publint finds nothing wrong with %s", async (name) => {
  await passes("publint", packed[name]!.tarball, "--strict");
});

test.each(names)("are-the-types-wrong finds nothing wrong with %s", async (name) => {
  await passes("attw", packed[name]!.tarball, "--profile", "esm-only");
});

async function pack(name: string): Promise<[string, { tarball: string; files: string[] }]> {
  const args = ["pack", "--json", "--workspace", name, "--pack-destination", work];
  const { stdout } = await exec("npm", args);
  const [{ filename, files }] = JSON.parse(stdout);
  const paths = files.map(({ path }: { path: string }) => path);
  return [name, { tarball: join(work, filename), files: paths }];
}

async function install(folder: string, ...args: string[]): Promise<void> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await exec("npm", ["install", "--no-audit", "--no-fund", ...args], { cwd: folder });
}

/** Runs one of the repository's tools; what it prints is the error when it is not content. */
async function passes(tool: string, ...args: string[]): Promise<void> {
  await exec(`node_modules/.bin/${tool}`, args).catch(({ stdout, stderr }) => {
    throw new Error(`${tool}: ${stdout}${stderr}`);
  });
}
