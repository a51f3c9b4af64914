/** Joins the fragments of SQL beside the algorithms, and those of the store, into one module. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

const functions = [
  "limits/pace/pace.sql",
  "limits/window/ring.sql",
  "limits/window/parts.sql",
  "limits/quota/quota.sql",
  "limits/concurrency/concurrency.sql",
  "stores/postgres/kinds.sql",
  "stores/postgres/row.sql",
  "stores/postgres/reserve.sql",
  "stores/postgres/quick.sql",
  "stores/postgres/look.sql",
  "stores/postgres/amend.sql",
  "stores/postgres/sweep.sql",
];

/** The text of `stores/postgres/decide.sql.ts`. */
export function joinSql(): string {
  return [
    "/** Joined from the `.sql` files by test/postgres/join-sql.ts; a test compares. Not edited by hand. */",
    "",
    `export const TABLES = ${JSON.stringify(shortened("stores/postgres/schema.sql"))};`,
    "",
    "/** One text for each file. */",
    "export const FUNCTIONS: readonly string[] = [",
    ...functions.map((path) => `  ${JSON.stringify(shortened(path))},`),
    "];",
    "",
  ].join("\n");
}

/** Without comments and empty lines. */
function shortened(path: string): string {
  return readFileSync(source + path, "utf8")
    .split("\n")
    .filter((line) => !/^\s*(--.*)?$/.test(line))
    .join("\n");
}
