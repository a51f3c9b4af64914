/**
 * Sends each row to an API: one for all workers, or one for each; its result is what the API said,
 * and when the function was called, in microseconds of a clock that all processes share.
 */

import { once } from "node:events";
import { Agent, get, type IncomingMessage, request } from "node:http";
import type { RowContext, WorkerContext } from "sluice-cli";

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

export interface Answer {
  readonly status: number;
  readonly at: number;
  readonly worker: number;
}

export default function callApi(row: unknown, { worker }: RowContext): Promise<Answer> {
  const at = Math.floor(Number(process.hrtime.bigint()) / 1e3);
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, host: "127.0.0.1", method: "POST" }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode!, at, worker }));
    });
    asked.on("error", reject);
    asked.end(JSON.stringify({ row }));
  });
}
