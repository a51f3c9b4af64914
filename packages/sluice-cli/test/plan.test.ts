import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Folder, Running } from "./sluice-process.ts";

const bin = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

function plan(folder: Folder, ...args: string[]) {
  const child = spawn(process.execPath, [bin, "plan", ...args], { cwd: folder.path });
  child.stdin.end();
  return new Running(child).ended;
}

test("how long, and what holds it back", async () => {
  const flags = ["--rows", "10001", "--rate", "100/s", "--rate", "5000/h", "--margin", "0ms"];
  const { code, stdout } = await plan(new Folder(), ...flags);
  expect(code).toBe(0);
  const lines = stdout.split("\n");
  expect(lines[0]).toBe("10,001 rows at 100/1s, 5000/1h with a margin of 0ms");
  expect(lines[1]).toBe("the last one starts 2 h 0 m after the first");
  expect(lines.slice(3)).toEqual([
    "held back by 5000/1h for 1 h 58 m",
    "held back by 100/1s for 1 m 38 s",
    "",
  ]);
});

test("the rows of a file, the limits of the module, the calls at once", async () => {
  const folder = new Folder({
    "job.mjs": 'export const limits = "10/s";\nexport default () => {};',
    "rows.txt": "x\n".repeat(40),
  });
  const flags = ["--input", "rows.txt", "--margin", "0ms", "--json"];
  const quick = await plan(folder, "job.mjs", ...flags);
  expect(JSON.parse(quick.stdout)).toEqual({
    rows: 40,
    limits: ["10/1s"],
    margin: "0ms",
    last: 3_000,
    end: 3_000,
    exact: true,
    heldBack: [{ by: "10/1s", ms: 3_000 }],
  });
  const slow = await plan(folder, "job.mjs", ...flags, "--took", "2s", "-w", "2", "-c", "1");
  expect(JSON.parse(slow.stdout)).toMatchObject({
    last: 38_000,
    end: 40_000,
    heldBack: [{ by: "concurrency", ms: 38_000 }],
  });
});

test("what cannot be planned says why", async () => {
  const none = await plan(new Folder(), "--rate", "1/s");
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("add --rows. [USAGE]") });
  const free = await plan(new Folder(), "--rows", "5");
  expect(free).toMatchObject({ code: 2, stderr: expect.stringContaining("[RATE_MISSING]") });
});

test("an end that no date can name is no mistake, and --first counts", async () => {
  const far = await plan(new Folder(), "--rows", "1000000000", "--rate", "1/36525d");
  expect(far.code).toBe(0);
  expect(far.stdout).toContain("would end after the year 275760\n");
  const few = await plan(new Folder(), "--rows", "50", "--first", "3", "--rate", "10/s");
  expect(few.stdout).toContain("3 rows at 10/1s");
});
