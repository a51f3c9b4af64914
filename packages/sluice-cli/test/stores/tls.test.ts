// `--store rediss://…`: the authority comes from NODE_EXTRA_CA_CERTS, the password goes nowhere.
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../sluice/test/servers/server-process.ts";
import {
  addressOf,
  PASSWORD,
  startTlsRedis,
  type TlsRedis,
} from "../../../sluice/test/servers/tls.ts";
import type { Folder } from "../sluice-process.ts";
import { folderWith } from "./shared-job.ts";

const stops: (() => Promise<void>)[] = [];
let server: TlsRedis;

beforeAll(async () => {
  const folder = await temporaryFolder();
  server = await startTlsRedis(folder, stops);
  stops.push(() => rm(folder, { recursive: true, force: true }));
});
afterAll(async () => {
  for (const stop of stops) await stop();
});
afterEach(() => vi.unstubAllEnvs());

const args = ["job.mjs", "-i", "rows.jsonl", "-o", "out.jsonl", "-r", "1000/s", "--name", "tls"];

function isSecret(text: string): boolean {
  return text.includes(PASSWORD) || text.includes(encodeURIComponent(PASSWORD));
}

/** Runs a job, and sees that nothing that it leaves or says has the password. */
async function runOn(folder: Folder, ...more: string[]): Promise<{ code: unknown; said: string }> {
  const { code, stdout, stderr } = await folder.run([...args, ...more]);
  const files = readdirSync(folder.path).filter((name) => name !== "node_modules");
  const left = files.map((name) => folder.read(name));
  expect([...left, stdout, stderr].filter(isSecret)).toEqual([]);
  return { code, said: stderr };
}

describe.each(["ioredis", "redis"])("%s", (client) => {
  test("a job, its journal and its report", async () => {
    vi.stubEnv("NODE_EXTRA_CA_CERTS", server.certificate);
    const more = ["--store", addressOf(server, 3), "--report", "report.html"];
    const { code, said } = await runOn(folderWith(5, client), ...more);
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toContain(`"tls" in rediss://limits:***@localhost:${server.port}/3`);
  });

  test("what is wrong is one sentence", async () => {
    const without = runOn(folderWith(1, client), "--store", addressOf(server));
    vi.stubEnv("NODE_EXTRA_CA_CERTS", server.certificate);
    const wrong = addressOf(server).replace("limits:", `limits:${PASSWORD}`);
    const others = [wrong, addressOf(server, 99)].map((address) =>
      runOn(folderWith(1, client), "--store", address),
    );
    const ended = await Promise.all([without, ...others]);
    for (const { code, said } of ended) {
      expect(code).toBe(2);
      expect(said).toMatch(
        /^sluice: the store [^\n]+\([^\n.]+\); [^\n.]+\. \[STORE_UNAVAILABLE\]\n$/,
      );
    }
    expect(ended[0]!.said).toContain("NODE_EXTRA_CA_CERTS");
    expect(ended[1]!.said).toContain("(WRONGPASS ");
    expect(ended[1]!.said).toContain("the right user and password");
    expect(ended[2]!.said).toContain("(ERR DB index is out of range)");
  });
});
