/** Keys that nobody else asks for, beside a bare upsert of as many rows through the same client. */

import { type AnyLimit, createLimiter, pace, window } from "sluice";
import { postgres } from "sluice/postgres";
import { type Speed, against } from "../harness/rounds.ts";
import { type ClientName, openClient } from "./clients.ts";

const KEYS = 10_000;
const CALLS = 1_000;

export const distinctLimits: Readonly<Record<string, AnyLimit>> = {
  "a window of 10": window(10, 100),
  "a pace": pace("1000/s", { burst: 10 }),
};

export interface DistinctOrder {
  readonly url: string;
  readonly client: ClientName;
  readonly limit: string;
  /** Calls under way at a time. */
  readonly underway: number;
}

export async function distinctKeys(order: DistinctOrder): Promise<Speed> {
  const { url, client, limit, underway } = order;
  const opened = openClient(client, url);
  // However late an answer comes on a busy machine: what is measured is how many there are.
  const store = postgres(opened.client, { grace: "1s" });
  const name = `distinct ${client} ${limit} ${underway}`;
  const limiter = createLimiter(distinctLimits[limit]!, { name, store });
  await opened.query(
    "CREATE TABLE IF NOT EXISTS bare (key text PRIMARY KEY, n float8 NOT NULL) WITH (fillfactor = 50)",
    [],
  );
  const upsert =
    "INSERT INTO bare AS b VALUES ($1, 1) ON CONFLICT (key) DO UPDATE SET n = b.n + 1 RETURNING n";
  let next = 0;
  const nextKey = (): string => `key ${next++ % KEYS}`;
  const subject = (call: (key: string) => Promise<boolean>) => ({
    calls: CALLS,
    batch: async (calls: number): Promise<number> => {
      let [left, done] = [calls, 0];
      const caller = async (): Promise<void> => {
        while (left-- > 0) if (await call(nextKey())) done++;
      };
      await Promise.all(Array.from({ length: underway }, caller));
      return done;
    },
  });
  const speed = await against(
    subject(async (key) => (await opened.query(upsert, [key])) !== undefined),
    subject(async (key) => (await limiter.tryAcquire({ key })).granted),
  );
  await limiter[Symbol.asyncDispose]();
  await opened.end();
  return speed;
}
