// What may change between a run and the one that resumes it, by its flags.
import { expect, test } from "vitest";
import { Folder } from "./sluice-process.ts";

const unlimited = ["--rate", "unlimited"];

test("--columns are all that CSV has of results, and mean nothing for JSON Lines", async () => {
  const job = "export default (n) => ({ n, square: n * n, more: true });";
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": "2\n3\n" });
  const args = ["job.mjs", "-i", "rows.jsonl", ...unlimited, "-k", "--columns", "square, n"];
  const { code } = await folder.run([...args, "-o", "out.csv"]);
  expect([code, folder.read("out.csv")]).toEqual([0, "index,error,square,n\n0,,4,2\n1,,9,3\n"]);
  const other = await folder.run([...args.slice(0, -1), "n", "-o", "out.csv", "--resume"]);
  expect(other.stderr).toContain('columns has changed from ["square","n"] to ["n"]');
  const lines = await folder.run(args);
  expect(lines).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("columns are those of CSV"),
  });
});

test("--first, and then the rest with --resume", async () => {
  const folder = new Folder({
    "job.mjs": "export default (n) => n;",
    "rows.jsonl": "0\n1\n2\n3\n",
  });
  const args = ["job.mjs", "-i", "rows.jsonl", "-o", "out.jsonl", ...unlimited];
  await folder.run([...args, "--first", "2"]);
  expect(folder.results()).toEqual([0, 1]);
  const same = await folder.run([...args, "--first", "2", "--resume"]);
  expect(same.stderr).toContain("nothing left to do");
  expect((await folder.run([...args, "--resume"])).code).toBe(0);
  expect(folder.results()).toEqual([0, 1, 2, 3]);
});

test("the job's own limiters go on from where they were", async () => {
  const folder = new Folder({
    "job.mjs":
      'export default async (_row, { limiter }) => (await limiter("api").tryAcquire()).granted;',
    "rows.jsonl": "0\n1\n2\n3\n",
    "sluice.config.mjs": 'export default { limiters: { api: "3/1h" } };',
  });
  const args = ["job.mjs", "-i", "rows.jsonl", "-o", "out.jsonl", "-c", "1", ...unlimited];
  await folder.run([...args, "--first", "2"]);
  expect((await folder.run([...args, "--resume"])).code).toBe(0);
  expect(folder.results()).toEqual([true, true, true, false]);
});
