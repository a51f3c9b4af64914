/**
 * A server that answers 429 by user: every user has a budget, and all of them share one. It says
 * no at once (`tryAcquire`), tells when to come again (`Retry-After`), and keeps a bounded number
 * of users in memory.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLimiter, SluiceError, window } from "sluice";

const limiter = createLimiter(
  { each: window(3, "1s"), total: window(100, "1s", { per: "limiter" }) },
  { name: "api", maxKeys: 100_000 },
);

const server = createServer((request, response) => {
  try {
    const answer = limiter.tryAcquire({ key: `user:${request.headers["x-user"]}` });
    if (answer.granted) {
      response.end("hello\n");
      return;
    }
    // The header has whole seconds; a wait for a release, which this limiter has not, has no time.
    response.setHeader("Retry-After", Math.ceil((answer.retryAfter ?? 1_000) / 1e3));
    response.writeHead(429).end(`${answer.limit}: again in ${answer.retryAfter} ms\n`);
  } catch (error) {
    // Not a refusal but a failure: 100,000 users are active and one more cannot be counted.
    if (!(error instanceof SluiceError)) throw error;
    response.writeHead(503).end(`${error.code}\n`);
  }
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function get(user: string): Promise<Response> {
  const response = await fetch(url, { headers: { "x-user": user } });
  const retryAfter = response.headers.get("retry-after");
  const again = retryAfter === null ? "" : `, Retry-After: ${retryAfter}`;
  console.log(`${user}: ${response.status}${again}  ${(await response.text()).trim()}`);
  return response;
}

for (let i = 0; i < 4; i++) await get("ada");
await get("ben"); // has a budget of his own
const refused = await get("ada");
const seconds = Number(refused.headers.get("retry-after"));
await new Promise((resolve) => setTimeout(resolve, seconds * 1e3));
await get("ada");

const { admitted, refused: no, keys } = limiter.stats();
console.log(`${admitted} admitted, ${no} refused, ${keys} users in memory`);
await limiter[Symbol.asyncDispose]();
server.close();
server.closeAllConnections();
