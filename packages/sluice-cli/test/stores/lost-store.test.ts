// The store goes away in the middle of a job: no row is lost, none fails for it, the limit holds.
import { inject, expect, test } from "vitest";
import { OwnRedis, Way } from "./own-server.ts";
import { folderWith, fullest } from "./shared-job.ts";

const files = ["job.mjs", "-i", "rows.jsonl", "-o", "out.jsonl"];
// Both together are far above what any machine delays a call by, the grace above what it delays answers.
const args = [...files, "--rate", "10/200ms", "--margin", "100ms", "--grace", "220ms"];
const rows = 60;

test.each(["ioredis", "redis"])("rows wait for a Redis that was killed: %s", async (client) => {
  const server = await OwnRedis.start();
  const folder = folderWith(rows, client);
  const job = folder.start(...args, "--store", server.url, "--name", "jobs");
  await job.says("limits shared as");
  await server.stop();
  await job.says("rows wait for it, 5 m 0 s at the most");
  await server.start();
  await job.says(`the store ${server.url} is back`);
  const { code, stderr } = await job.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toContain(`${rows} ok, 0 failed`);
  const times = folder.results();
  expect(times).toHaveLength(rows);
  // It forgot what it had granted, and does not grant that again.
  expect(fullest(times, 200)).toBeLessThanOrEqual(10);
});

test("a Redis that stays away ends the job in good order, and it goes on later", async () => {
  const server = await OwnRedis.start();
  const folder = folderWith(rows);
  const shared = [...args, "--store", server.url, "--name", "jobs", "--store-timeout", "100ms"];
  const job = folder.start(...shared);
  await job.says("limits shared as");
  await server.stop();
  const { code, stderr } = await job.ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^sluice: the store redis:.+ was away for 100 ms .+ \[STORE_UNAVAILABLE\]$/m,
  );
  expect(stderr).toMatch(/\d+ ok, 0 failed/);
  const before = folder.results().filter((result) => result !== undefined);
  expect(before.length).toBeLessThan(rows);
  await server.start();
  const resumed = await folder.run([...shared, "--resume"]);
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stderr).toContain(`${rows - before.length} ok, 0 failed`);
  expect(folder.results().every((result) => typeof result === "number")).toBe(true);
  expect(folder.results()).toHaveLength(rows);
});

test.each(["pg", "postgres"])("rows wait for a PostgreSQL that is cut off: %s", async (client) => {
  const { way, url } = await Way.to(inject("postgresUrl"));
  const folder = folderWith(rows, client);
  expect(await folder.command("migrate", url)).toMatchObject({ code: 0 });
  const name = `lost-${client}-${process.pid}`;
  const job = folder.start(...args, "--store", url, "--name", name);
  await job.says("limits shared as");
  way.cut();
  await job.says("rows wait for it");
  await way.open();
  await job.says("is back");
  const { code, stderr } = await job.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toContain(`${rows} ok, 0 failed`);
  expect(fullest(folder.results(), 200)).toBeLessThanOrEqual(10);
});

test("Ctrl-C while the store is away ends the job at once", async () => {
  const server = await OwnRedis.start();
  const folder = folderWith(rows);
  const job = folder.start(...args, "--store", server.url, "--name", "jobs");
  await job.says("limits shared as");
  await server.stop();
  await job.says("rows wait for it");
  job.child.kill("SIGINT");
  const { code, stderr } = await job.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/\d+ ok, 0 failed/);
});
