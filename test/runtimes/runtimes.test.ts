// The library in a real browser and in other runtimes than Node.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { storeSuite } from "sluice/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installed } from "../../packages/sluice/test/servers/installed.ts";
import { orSkip } from "../../packages/sluice/test/servers/or-skip.ts";
import { alone, type Seen, shared } from "./everywhere.ts";

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "sluice-runtimes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Defines `runtime.everywhere()`. */
let bundle: string;

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "everywhere.ts")],
    bundle: true,
    format: "iife",
    globalName: "runtime",
    write: false,
    // Where modules of Node are looked for, if at all.
    define: { "import.meta.url": "undefined" },
  });
  bundle = outputFiles[0]!.text;
});

const works: Seen = {
  rules: [alone, shared].map((subject) => storeSuite(subject).length),
  isOver: false,
  released: 100_000,
  blocked: "until its instant",
  aborted: "Error: enough",
};

/** Where a thread may not block, as the main one of a page. */
const worksUnblocked: Seen = {
  ...works,
  blocked: expect.stringMatching(/^INVALID_OPTION .* use acquire\(\)\.$/) as string,
};

/** What a program of an npm package prints. */
async function fromNpm(version: string, ...args: string[]): Promise<string> {
  const [name] = version.split("@") as [string];
  const asked = ["exec", "--yes", `--package=${version}`, "--", name, ...args];
  const { stdout } = await exec("npm", asked, { cwd: folder });
  return stdout;
}

const prints = "console.log(JSON.stringify(await runtime.everywhere()))";
const workerd = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
);
`;

test.for([
  { runtime: "bun@1.4.5", args: ["everywhere.mjs"], sees: works },
  // With no permission at all.
  { runtime: "deno@2.9.6", args: ["run", "--no-prompt", "everywhere.mjs"], sees: works },
  // An edge runtime, that of Cloudflare's workers.
  { runtime: "workerd@1.20261117.1", args: ["test", "workerd.capnp"], sees: worksUnblocked },
])("$runtime", async ({ runtime, args, sees }, { skip }) => {
  await orSkip(fromNpm(runtime, "--version"), skip);
  writeFileSync(join(folder, "everywhere.mjs"), `${bundle}\n${prints};\n`);
  writeFileSync(
    join(folder, "worker.js"),
    `${bundle}\nexport default { test: async () => ${prints} };\n`,
  );
  writeFileSync(join(folder, "workerd.capnp"), workerd);
  expect(JSON.parse(await fromNpm(runtime, ...args))).toEqual(sees);
});

test("Chromium", async ({ skip }) => {
  const wanted = { names: ["chromium", "google-chrome"], folders: [], debian: "chromium" };
  const executablePath = await orSkip(installed(wanted), skip);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    // Only isolated pages may share memory.
    const headers = {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    };
    await page.route("http://localhost/", (route) => route.fulfill({ headers, body: "" }));
    await page.goto("http://localhost/");
    const seen = await page.evaluate<Seen>(`${bundle}\nruntime.everywhere()`);
    expect(seen).toEqual(worksUnblocked);
  } finally {
    await browser.close();
  }
});
