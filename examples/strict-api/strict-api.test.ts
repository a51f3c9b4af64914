import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { createStrictApi, type StrictApiOptions } from "./strict-api.ts";

async function start(options: Partial<StrictApiOptions> = {}): Promise<string> {
  const server = createStrictApi({ limit: 2, windowMs: 1500, now: () => 0, ...options });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: "POST", body });
}

test("answers up to the limit, then says when to come again, and reports it", async () => {
  let now = 0;
  const url = await start({ now: () => now });
  const berlin = await post(url, JSON.stringify({ name: "Berlin", lat: 52.52, lon: 13.405 }));
  expect([berlin.status, await berlin.json()]).toEqual([200, { km: 924 }]);
  const other = await post(url, '"row"');
  expect(await other.json()).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });

  now = 250;
  const refused = await post(url, "{}");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("Retry-After")).toBe("2");
  expect(refused.headers.get("Retry-After-Ms")).toBe("1250");
  expect(await refused.json()).toEqual({ error: "too many requests", retryAfterMs: 1250 });

  now = 1500;
  expect((await post(url, "{}")).status).toBe(200);
  expect(await (await fetch(`${url}/report`)).json()).toEqual({
    limit: 2,
    windowMs: 1500,
    accepted: 3,
    refused: 1,
    worstWindow: 3,
    elapsedMs: 1500,
  });
});

test("a body that is not JSON, or too large, is a 400 that counts", async () => {
  const url = await start();
  expect((await post(url, "{")).status).toBe(400);
  expect((await post(url, `"${"x".repeat(2 ** 20)}"`)).status).toBe(400);
  expect((await post(url, "1")).status).toBe(429);
});

test("the process tells its port and ends with whoever started it", async () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const api = fork(main, ["--limit", "5"], { execArgv: ["--import", "tsx"] });
  onTestFinished(() => void api.kill("SIGKILL"));
  const [{ port }] = (await once(api, "message")) as [{ port: number }];
  expect((await post(`http://127.0.0.1:${port}`, "1")).status).toBe(200);
  const exit = once(api, "exit");
  api.disconnect();
  expect(await exit).toEqual([0, null]);
});
