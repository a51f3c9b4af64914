// The public surface, name by name. A name that comes or goes shows up in exports.txt, in review:
// `npm test -- test/exports.test.ts -u` writes it anew.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const entries: [entry: string, built: string][] = [
  ["sluice", "packages/sluice/dist/index"],
  ["sluice/testing", "packages/sluice/dist/testing/index"],
  ["sluice/store", "packages/sluice/dist/shared/index"],
  ["sluice/redis", "packages/sluice/dist/stores/redis"],
  ["sluice/postgres", "packages/sluice/dist/stores/postgres"],
  ["sluice/sqlite", "packages/sluice/dist/stores/sqlite"],
  ["sluice/shared-memory", "packages/sluice/dist/stores/shared-memory"],
  ["sluice/fallback", "packages/sluice/dist/stores/fallback"],
  ["sluice-cli", "packages/sluice-cli/dist/index"],
];

test("each entry exports the names in exports.txt", async () => {
  const lines: string[] = [];
  for (const [entry, built] of entries) {
    const values = Object.keys(await import(entry)).map((name) => `${entry}: ${name}`);
    const types = typesOf(`${built}.d.ts`).map((name) => `${entry}: type ${name}`);
    lines.push(...values.toSorted(), ...types.toSorted());
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("exports.txt");
});

test.each(entries)("the entry %s holds named exports and no logic", (_entry, built) => {
  expect(withoutExports(readFileSync(`${built}.d.ts`, "utf8"))).toBe("");
});

const exportStatement = /export (type )?\{([^}]*)\}( from "[^"]+")?;/g;

function typesOf(path: string): string[] {
  const statements = [...readFileSync(path, "utf8").matchAll(exportStatement)];
  return statements.flatMap(([, allTypes, list = ""]) => {
    const names = list.split(",").map((name) => name.trim());
    return names
      .filter((name) => name !== "" && (allTypes !== undefined || name.startsWith("type ")))
      .map((name) => name.replace(/^type /, "").replace(/^.* as /, ""));
  });
}

function withoutExports(declarations: string): string {
  return declarations
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
    .replace(exportStatement, "")
    .trim();
}
