/** One key that 500 callers wait for, each again as soon as it has passed. */

import pg from "pg";
import { RateLimiterPostgres } from "rate-limiter-flexible";
import { type AnyLimit, createLimiter, pace, window } from "sluice";
import { postgres } from "sluice/postgres";
import { type ClientName, openClient } from "./clients.ts";

const WAITING = 500;
const WARM_MS = 500;
/** None of them is ever full. */
const FULL = 1_000_000_000;
export const hotLimits: Readonly<Record<string, AnyLimit>> = {
  "an exact window": window(10_000_000, "1m"),
  "a window in parts": window(FULL, "1m", { parts: 60 }),
  "a pace": pace("50000/s", { burst: FULL }),
};

export interface HotOrder {
  readonly url: string;
  /** The peer's pool is always that of pg: it knows no other client. */
  readonly client: ClientName;
  readonly limit: string;
  readonly ms: number;
  readonly rounds: number;
}

/** Admissions a second, in rounds in which both take turns. */
export interface Hot {
  readonly sluice: readonly number[];
  readonly peer: readonly number[];
}

export async function hotKey({ url, client, limit, ms, rounds }: HotOrder): Promise<Hot> {
  const opened = openClient(client, url);
  // However late an answer comes on a busy machine: what is measured is how many there are.
  const store = postgres(opened.client, { grace: "1s" });
  const limiter = createLimiter(hotLimits[limit]!, { name: `hot ${client} ${limit}`, store });
  const pool = new pg.Pool({ connectionString: url, max: 8, options: "-c synchronous_commit=off" });
  const peer = await openPeer(pool);
  const result = { sluice: [] as number[], peer: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    result.sluice.push(await rateOf(() => limiter.acquire(), ms));
    result.peer.push(await rateOf(() => peer.consume("hot"), ms));
  }
  await limiter[Symbol.asyncDispose]();
  await Promise.all([opened.end(), pool.end()]);
  return result;
}

/** As its documentation sets it up, and with the cheapest of its answers: all of them pass. */
async function openPeer(storeClient: pg.Pool): Promise<RateLimiterPostgres> {
  return new Promise((resolve, reject) => {
    const peer = new RateLimiterPostgres(
      { storeClient, points: FULL, duration: 60, tableName: "flexible" },
      (error) => (error ? reject(error) : resolve(peer)),
    );
  });
}

async function rateOf(pass: () => Promise<unknown>, ms: number): Promise<number> {
  let [passed, from, until] = [0, 0, Number.POSITIVE_INFINITY];
  const started = performance.now();
  const call = async (): Promise<void> => {
    while (performance.now() < until) {
      await pass();
      passed++;
    }
  };
  const callers = Array.from({ length: WAITING }, call);
  await new Promise((resolve) => setTimeout(resolve, WARM_MS));
  [from, passed] = [performance.now(), 0];
  await new Promise((resolve) => setTimeout(resolve, ms));
  const rate = passed / ((performance.now() - from) / 1e3);
  until = started;
  await Promise.all(callers);
  return rate;
}
