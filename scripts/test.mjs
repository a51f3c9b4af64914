// `npm test`: set-up, then format, lint, types, then every test; the last line sums it all up.
// Arguments go to vitest: `npm test -- --project sluice`.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { setup } from "./setup.mjs";

const report = "node_modules/.vitest.json";
const sum = { passed: 0, failed: 0, skipped: 0 };

if (step("set-up", setup)) {
  step("format", () => run("oxfmt --check"));
  step("lint", () => run("oxlint --deny-warnings"));
  step("types", () => run("tsc"));
  runVitest();
}
const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : "";
console.log(`\n${sum.passed} passed, ${sum.failed} failed${skipped}`);
process.exitCode = sum.failed > 0 ? 1 : 0;

function step(name, work) {
  try {
    work();
  } catch (error) {
    sum.failed += 1;
    console.log(`failed: ${name}\n${error.message}`);
    return false;
  }
  sum.passed += 1;
  console.log(`passed: ${name}`);
  return true;
}

/** Runs one of the repository's tools; npm has put node_modules/.bin on the path. */
function run(command) {
  const { status, stdout } = spawnSync(command, {
    shell: true,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(stdout);
}

function runVitest() {
  rmSync(report, { force: true });
  const reporters = `--reporter=default --reporter=json --outputFile.json=${report}`;
  const { status } = spawnSync(["vitest run", reporters, ...process.argv.slice(2)].join(" "), {
    shell: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const { numPassedTests, numFailedTests, numPendingTests } = readReport();
  sum.passed += numPassedTests;
  sum.failed += status === 0 ? 0 : Math.max(1, numFailedTests);
  sum.skipped += numPendingTests;
}

function readReport() {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  }
}
