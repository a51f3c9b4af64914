// A folder that is not there is said of the file that was asked for.
import { expect, test } from "vitest";
import { Folder } from "../sluice-process.ts";

test.each([
  ["-o", "gone/out.jsonl", 'the output "gone/out.jsonl"'],
  ["--failed", "gone/failed.jsonl", 'the file of failures "gone/failed.jsonl"'],
  ["--journal", "gone/journal", 'the journal "gone/journal"'],
])("%s", async (flag, path, name) => {
  const folder = new Folder({ "job.mjs": "export default (row) => row;", "rows.jsonl": "1\n" });
  const outputs = flag === "-o" ? [flag, path] : ["-o", "out.jsonl", flag, path];
  const { code, stderr } = await folder.run(
    ["job.mjs", "-i", "rows.jsonl", "-r", "unlimited"].concat(outputs),
  );
  expect(code).toBe(2);
  expect(stderr).toContain(`sluice: ${name} cannot be written (`);
});
