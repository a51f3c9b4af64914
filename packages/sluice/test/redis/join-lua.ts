/** Joins the fragments of Lua beside the algorithms, and those of the store, into one module. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

const kinds = {
  window: "limits/window/ring.lua",
  parts: "limits/window/parts.lua",
  pace: "limits/pace/pace.lua",
  quota: "limits/quota/quota.lua",
  concurrency: "limits/concurrency/concurrency.lua",
};
/** Whole scripts for one ask of a plan that is nothing but the kind. */
const quick: Readonly<Record<string, string>> = {
  window: "limits/window/ring-quick.lua",
  pace: "limits/pace/pace-quick.lua",
};
const store = ["row", "plan", "reserve", "amend", "look"] as const;

/** The text of `stores/redis/decide.lua.ts`. */
export function joinLua(): string {
  const lines = [
    "/** Joined from the `.lua` files by test/redis/join-lua.ts; a test compares. Not edited by hand. */",
    "",
    "/** One kind of limit: what every script needs of it, what `amend` and `look` need besides. */",
    "export interface KindLua {",
    "  readonly decide: string;",
    "  readonly amend: string;",
    "  readonly look: string;",
    '  /** A whole script for one ask of a plan that is nothing but this; `""` where there is none. */',
    "  readonly quick: string;",
    "}",
    "",
    "export const KINDS: Readonly<Record<string, KindLua>> = {",
    ...Object.entries(kinds).flatMap(([kind, path]) => [
      `  ${kind}: {`,
      ...Object.entries(sections(path)).map(([name, text]) => `    ${name}: ${quote(text)},`),
      `    quick: ${quote(quick[kind] === undefined ? "" : read(quick[kind]))},`,
      "  },",
    ]),
    "};",
    "",
    "export const STORE = {",
    ...store.map((name) => `  ${name}: ${quote(read(`stores/redis/${name}.lua`))},`),
    "} as const;",
    "",
  ];
  return lines.join("\n");
}

function sections(path: string): Record<string, string> {
  const [decide = "", ...others] = readFileSync(source + path, "utf8").split(/^--- /m);
  const found: Record<string, string> = { decide: shorten(decide), amend: "", look: "" };
  for (const other of others) {
    const [name = ""] = other.split("\n", 1);
    found[name] = shorten(other.slice(name.length));
  }
  return found;
}

function read(path: string): string {
  return shorten(readFileSync(source + path, "utf8"));
}

/** Without comments, empty lines and indentation: servers read it, and it travels. */
function shorten(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/(^|\s)-- .*$/, "").trim())
    .filter((line) => line !== "")
    .join("\n");
}

function quote(text: string): string {
  return JSON.stringify(text);
}
