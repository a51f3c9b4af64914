/** Sends each row to an API: one for all workers, or one for each. */

import { once } from "node:events";
import { Agent, get, type IncomingMessage, request } from "node:http";
import type { WorkerContext } from "sluice-cli";

const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
let port = 0;

/** Connections that are there before the first row: opening them would be taken for jitter. */
const OPEN = 50;

export async function setup({ worker, data }: WorkerContext): Promise<void> {
  const { ports } = data as { ports: readonly number[] };
  port = ports[worker % ports.length]!;
  const answers = Array.from({ length: OPEN }, async () => {
    const [response] = (await once(
      get({ agent, port, host: "127.0.0.1", path: "/report" }),
      "response",
    )) as [IncomingMessage];
    response.resume();
    await once(response, "end");
  });
  await Promise.all(answers);
}

export default function callApi(row: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, host: "127.0.0.1", method: "POST" }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode!));
    });
    asked.on("error", reject);
    asked.end(JSON.stringify({ row }));
  });
}
