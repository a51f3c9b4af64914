import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPackage } from "./find-package.ts";

/** A project with these packages, by what their main file says. */
function project(packages: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, main] of Object.entries(packages)) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "index.js"), main);
  }
  return folder;
}

test("the first that the project of the folder has, then what is beside this package", () => {
  const both = project({ ours: "module.exports = 1", commander: "module.exports = 2" });
  expect(findPackage(["ours", "commander"], both, "it")).toEqual({ name: "ours", exports: 1 });
  expect(findPackage(["theirs", "commander"], both, "it").exports).toBe(2);
  const beside = findPackage(["ours", "commander"], project({}), "it");
  expect(beside).toMatchObject({ name: "commander", exports: { Command: expect.any(Function) } });
});

test("none of them", () => {
  expect(() => findPackage(["no-such-a", "no-such-b"], project({}), "redis://h")).toThrow(
    expect.objectContaining({
      code: "STORE_CLIENT_MISSING",
      message:
        'redis://h needs the package "no-such-a" or "no-such-b", and none is installed in this folder\'s project; run npm install no-such-a.',
    }),
  );
});

test("one that does not load", () => {
  const broken = project({ ours: 'throw new Error("no binding\\nat all")' });
  expect(() => findPackage(["ours"], broken, "it")).toThrow(
    expect.objectContaining({
      code: "STORE_CLIENT_MISSING",
      message:
        'it needs the package "ours", which is there and does not load (no binding); install it anew.',
    }),
  );
});
