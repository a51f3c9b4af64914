/**
 * An HTTP server that keeps its word: exactly so many requests in any window, counted when they
 * arrive. Beyond that it answers 429 with `Retry-After`. `GET /report` says what it saw.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answer as defaultAnswer } from "./answer.ts";
import { ArrivalLog } from "./arrival-log.ts";

export { ArrivalLog, type ArrivalReport, type Verdict } from "./arrival-log.ts";

export interface StrictApiOptions {
  /** Requests in any `windowMs`. */
  readonly limit: number;
  readonly windowMs: number;
  /** Milliseconds that an answer takes, and up to how many more. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  /** What is computed from a posted row. */
  readonly answer?: (row: unknown) => unknown;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

const LARGEST_BODY = 1024 * 1024;

export function createStrictApi(options: StrictApiOptions): Server {
  const log = new ArrivalLog(options.limit, options.windowMs);
  const now = options.now ?? (() => performance.now());
  const server = createServer((request, response) => {
    if (request.method === "GET" && request.url === "/report") {
      send(response, 200, log.report());
      return;
    }
    const verdict = log.arrive(now());
    if (verdict.accepted) void accept(request, response, options);
    else refuse(request, response, verdict.retryAfter);
  });
  server.keepAliveTimeout = 60_000; // a client that comes every window keeps its connections
  return server;
}

async function accept(
  request: IncomingMessage,
  response: ServerResponse,
  { latencyMs = 0, jitterMs = 0, answer = defaultAnswer }: StrictApiOptions,
): Promise<void> {
  try {
    const row = JSON.parse((await bodyOf(request)) || "null") as unknown;
    const wait = latencyMs + Math.random() * jitterMs;
    if (wait > 0) await sleep(wait);
    send(response, 200, answer(row));
  } catch (error) {
    send(response, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}

/** `Retry-After` has whole seconds; the milliseconds stand beside it. */
function refuse(request: IncomingMessage, response: ServerResponse, retryAfter: number): void {
  request.resume();
  response.setHeader("Retry-After", Math.ceil(retryAfter / 1e3));
  response.setHeader("Retry-After-Ms", Math.ceil(retryAfter));
  send(response, 429, { error: "too many requests", retryAfterMs: Math.ceil(retryAfter) });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Reads a body that is too large to its end as well, so that the client hears of it. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length <= LARGEST_BODY) chunks.push(chunk as Buffer);
  }
  if (length > LARGEST_BODY) throw new RangeError(`the body is larger than ${LARGEST_BODY} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}
