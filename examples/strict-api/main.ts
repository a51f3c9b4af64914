/**
 * Runs a strict API: `tsx examples/strict-api/main.ts --limit 100 --window 1000 --port 8080`.
 * Started by another process with a channel to it, it tells its port through the channel and ends
 * with that process, however that ends.
 */

import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createStrictApi } from "./strict-api.ts";

const { values } = parseArgs({
  options: {
    limit: { type: "string", default: "100" },
    window: { type: "string", default: "1000" },
    port: { type: "string", default: "0" },
    latency: { type: "string", default: "0" },
    jitter: { type: "string", default: "0" },
  },
});

const limit = Number(values.limit);
const windowMs = Number(values.window);
const server = createStrictApi({
  limit,
  windowMs,
  latencyMs: Number(values.latency),
  jitterMs: Number(values.jitter),
});

server.listen(Number(values.port), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  if (process.send) process.send({ port });
  else console.log(`at most ${limit} in any ${windowMs} ms: http://127.0.0.1:${port}`);
});
process.on("disconnect", () => process.exit(0));
