import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claim } from "./claim.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-claim-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const name = 'the journal "j"';

/** The claim of this process with other parts of its name. */
function forge(path: string, change: (parts: string[]) => string[]): string {
  const leave = claim(join(path, "j"), name);
  const [file = ""] = readdirSync(path);
  const forged = `j.claim-${change(file.slice("j.claim-".length).split("-")).join("-")}`;
  renameSync(join(path, file), join(path, forged));
  leave();
  return forged;
}

test("a second job in the process is refused until the first has left", () => {
  const path = folder();
  const leave = claim(join(path, "j"), name);
  expect(() => claim(join(path, "j"), name)).toThrow(
    expect.objectContaining({
      code: "JOB_RUNNING",
      message:
        'another job of this process is at work on the journal "j"; wait for it, or give this one an output of its own.',
    }),
  );
  claim(join(path, "j2"), 'the journal "j2"')();
  leave();
  claim(join(path, "j"), name)();
  expect(readdirSync(path)).toEqual([]);
});

test("a claim of another process that lives is respected", () => {
  const path = folder();
  const parent = String(process.ppid);
  // What the system says of the parent tells when it started, as it does of this process.
  const other = forge(path, ([, , host = "", boot = ""]) => [parent, startOf(parent), host, boot]);
  expect(() => claim(join(path, "j"), name)).toThrow(
    `another job is at work on the journal "j" (process ${parent}); wait for it, or end it first.`,
  );
  expect(readdirSync(path)).toEqual([other]);
});

test.each([
  ["whose process is gone", ([, , ...rest]: string[]) => [String(gone()), "1", ...rest]],
  [
    "whose number went to a later process",
    ([pid = "", , ...rest]: string[]) => [pid, "1", ...rest],
  ],
  ["from before the system was started", (parts: string[]) => parts.with(3, "00000000")],
])("a claim %s is removed", (_what, change) => {
  const path = folder();
  forge(path, change);
  const leave = claim(join(path, "j"), name);
  expect(readdirSync(path)).toHaveLength(1);
  leave();
  expect(readdirSync(path)).toEqual([]);
});

test("of another host nothing is known: the sentence says which file to remove", () => {
  const path = folder();
  const other = forge(path, (parts) => parts.with(2, "00000000"));
  expect(() => claim(join(path, "j"), name)).toThrow(
    `if it is gone, remove the file "${other}" beside the journal.`,
  );
});

test("files that only look like claims are left alone", () => {
  const path = folder();
  writeFileSync(join(path, "j.claim-notes"), "");
  claim(join(path, "j"), name)();
  expect(readdirSync(path)).toEqual(["j.claim-notes"]);
});

test("a folder that is not there is a sentence", () => {
  expect(() => claim(join(folder(), "none", "j"), name)).toThrow(
    expect.objectContaining({ code: "JOURNAL_UNWRITABLE" }),
  );
});

/** The number of a process that has ended. */
function gone(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

function startOf(pid: string): string {
  const stat = spawnSync("cat", [`/proc/${pid}/stat`], { encoding: "utf8" }).stdout;
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
}
