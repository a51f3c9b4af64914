/** A client that sends as fast as its limiter lets it, and what the API says about it. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { concurrency, createLimiter, window } from "sluice";
import type { ArrivalReport } from "strict-api";
import { pacingPeers } from "../peers/pacing.ts";

export const LIMIT = 100;
export const WINDOW_MS = 1_000;
const REQUESTS = 1_000;

/** Waits for its turn and sends. */
type Send = (send: () => Promise<number>) => Promise<number>;

export const clients: Record<string, () => Send> = {
  "margin of 50 ms": () => sluice({ margin: 50 }),
  "concurrency with cooldown": () => {
    const limiter = createLimiter(concurrency(LIMIT, { cooldown: WINDOW_MS }));
    return (send) => limiter.run(send);
  },
  "no margin": () => sluice({}),
  "p-ratelimit": () => {
    const submit = pacingPeers["p-ratelimit"]!(LIMIT, WINDOW_MS);
    return (send) => new Promise((resolve) => void submit(() => resolve(send())));
  },
};

function sluice(options: { margin?: number }): Send {
  const limiter = createLimiter(window(LIMIT, WINDOW_MS), options);
  return (send) => limiter.run(send);
}

export interface Sent {
  readonly refused: number;
  readonly worstWindow: number;
  /** Ideal over real time from the first arrival to the last. */
  readonly use: number;
}

export async function send(name: string): Promise<Sent> {
  const flags = ["--limit", `${LIMIT}`, "--window", `${WINDOW_MS}`, "--latency", "5"];
  const program = fileURLToPath(import.meta.resolve("strict-api/main"));
  const api = fork(program, [...flags, "--jitter", "10"]);
  const [{ port }] = (await once(api, "message")) as [{ port: number }];
  const agent = new Agent({ keepAlive: true, maxSockets: LIMIT });
  const through = clients[name]!();
  const statuses = await Promise.all(
    Array.from({ length: REQUESTS }, (_, i) => through(() => post(agent, port, i))),
  );
  const { elapsedMs, worstWindow } = await report(port);
  agent.destroy();
  api.disconnect();
  const ideal = Math.floor((REQUESTS - 1) / LIMIT) * WINDOW_MS;
  const refused = statuses.filter((status) => status === 429).length;
  const lost = statuses.filter((status) => status !== 429 && status !== 200).length;
  if (lost > 0) throw new Error(`${lost} of ${REQUESTS} requests got neither 200 nor 429.`);
  return { refused, worstWindow, use: ideal / elapsedMs };
}

function post(agent: Agent, port: number, row: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, host: "127.0.0.1", method: "POST" }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode!));
    });
    asked.on("error", reject);
    asked.end(JSON.stringify({ row }));
  });
}

async function report(port: number): Promise<ArrivalReport> {
  const response = await fetch(`http://127.0.0.1:${port}/report`);
  return (await response.json()) as ArrivalReport;
}
