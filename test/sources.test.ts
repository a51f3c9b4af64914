// The shape of the source tree: who may import whom, who may read the clock, how long a file may be.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";

interface Source {
  /** Relative to the package's `src`, with forward slashes. */
  path: string;
  text: string;
  /** What it imports: a path in the same `src`, or the bare name of a package. */
  imports: string[];
}

const library = sourcesOf("packages/sluice/src");
const cli = sourcesOf("packages/sluice-cli/src");

// The table of allowed imports. The first row whose pattern matches a file says what it may import;
// `$1` is what the pattern's group matched, the file's own store.
const base = ["time.ts", "errors.ts"];
const shared = [...base, "clock.ts", "costs.ts", "heap.ts"];
const sync = [...shared, "limits/", "stores/store.ts", "stores/blank.ts"];
const table: [files: RegExp, mayImport: string[]][] = [
  [/^(time|errors)\.ts$/, ["*.ts"]],
  [/^limits\//, [...base, "limits/"]],
  [/^stores\/store\.ts$/, [...shared, "limits/"]],
  [/^stores\/blank\.ts$/, ["limits/", "stores/store.ts"]],
  // What stands in for a store that fails is memory.
  [/^stores\/(fallback)/, [...shared, "limits/", "stores/store.ts", "stores/memory", "stores/$1"]],
  // Stores that several processes share bring the way to wait for them, `shared/booked.ts`. Those that
  // are asked over a wire have more in common.
  [
    /^stores\/(redis|postgres)/,
    [...shared, "shared/booked.ts", "limits/", "stores/store.ts", "stores/remote", "stores/$1"],
  ],
  [/^stores\/(memory)/, [...sync, "stores/$1"]],
  [/^stores\/([\w-]+)/, [...sync, "shared/booked.ts", "stores/$1"]],
  [/^testing\//, [...shared, "limits/", "stores/store.ts", "testing/"]],
  [/^shared\//, ["*.ts", "limits/", "stores/store.ts", "shared/"]],
  [/^limiter\.ts$/, ["*.ts", "limits/", "stores/store.ts"]],
  [/^index\.ts$/, ["*.ts", "limits/", "stores/store.ts", "stores/memory"]],
  [/^[\w-]+\.ts$/, ["*.ts", "limits/", "stores/store.ts", "stores/memory"]],
];

test.each(library)("the library's imports keep to the table: $path", ({ path, imports }) => {
  const row = table.find(([files]) => files.test(path));
  const own = row?.[0].exec(path)?.[1] ?? "";
  const allowed = (row?.[1] ?? []).map((entry) => entry.replace("$1", own));
  expect(imports.filter((target) => !allowed.some((entry) => isWithin(target, entry)))).toEqual([]);
});

test("the command line imports only the public entries of the library", () => {
  const stores = ["redis", "postgres", "sqlite", "shared-memory", "fallback"];
  const entries = new Set(["sluice", "sluice/testing", ...stores.map((each) => `sluice/${each}`)]);
  const imported = cli.flatMap(({ imports }) => imports);
  const ofLibrary = imported.filter((target) => /^sluice(\/|$)|^\.\./.test(target));
  expect(ofLibrary.filter((target) => !entries.has(target))).toEqual([]);
});

test("only clock.ts reads the real time", () => {
  const reads = /\b(performance\.now|Date\.now|new Date\(\))/;
  const readers = library.filter(({ text }) => reads.test(withoutComments(text)));
  expect(readers.map(({ path }) => path).filter((path) => path !== "clock.ts")).toEqual([]);
});

test("no source file is longer than 300 lines", () => {
  const lengths = [...library, ...cli].map(({ path, text }) => ({
    path,
    lines: text.trimEnd().split("\n").length,
  }));
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
});

function sourcesOf(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => {
      const text = readFileSync(`${folder}/${path}`, "utf8");
      return { path, text, imports: importsOf(path, text) };
    });
}

function importsOf(path: string, text: string): string[] {
  const specifiers = /\b(?:from\s+|import\s+|import\(\s*|require\(\s*)["']([^"']+)["']/g;
  return [...withoutComments(text).matchAll(specifiers)].map(([, target = ""]) =>
    target.startsWith(".") ? posix.join(posix.dirname(path), target) : target,
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** `*.ts` is any file at the top; otherwise a folder, a file, or either without its ending. */
function isWithin(target: string, entry: string): boolean {
  if (entry === "*.ts") return /^[\w-]+\.ts$/.test(target);
  return (
    target === entry || target === `${entry}.ts` || target.startsWith(entry.replace(/\/?$/, "/"))
  );
}
