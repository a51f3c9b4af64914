// A store whose file finds no room is one sentence, and is not called damaged: with a limit of the system
// on what a process may write, as on a disk that is full.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Folder } from "./sluice-process.ts";

const bin = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

test.each([
  ["sqlite:l.db", "see that its disk has room"],
  ["shared:l", "make room, or give a smaller size"],
])("%s", async (store, remedy) => {
  const folder = new Folder({ "job.mjs": "export default (row) => row;", "rows.jsonl": "0\n" });
  const job = ["run", "job.mjs", "-i", "rows.jsonl", "-r", "1000/h", "--no-journal"];
  const line = [process.execPath, bin, ...job, "--store", store, "--name", "n"];
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    const limited = ["-c", 'ulimit -f 16; exec "$@"', "sh", ...line];
    execFile("sh", limited, { cwd: folder.path }, (error, _stdout, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
  expect(stderr).toMatch(/^sluice: [^\n]+\. \[STORE_UNAVAILABLE\]\n$/);
  expect(stderr).toContain(remedy);
  expect(code).toBe(2);
});
