/** One of several processes on one key, asking at full speed: tells how long each call took. */

import { createLimiter, pace } from "sluice";
import { sqlite } from "sluice/sqlite";
import { type Connection, drivers } from "../../packages/sluice/test/sqlite/connections.ts";

export interface CallerOrder {
  readonly driver: string;
  readonly file: string;
  readonly verb: Verb;
  readonly ms: number;
}

export type Verb = "tryAcquire" | "acquire" | "bare upsert, busy_timeout 5000";

export interface CallerReport {
  /** Of each call, busy ones too, in microseconds. */
  readonly took: readonly number[];
  /** How many of them failed with `STORE_BUSY`, or `STORE_TOO_SLOW` when the process was kept waiting. */
  readonly busy: number;
}

/** Never refuses: every call writes, and meets those of the others. */
const limit = pace("100000/s", { burst: 1_000_000_000 });

/** Held: a binding closes a connection that nobody refers to. */
let connection: Connection;

process.once("message", (order: CallerOrder) => {
  connection = drivers.find(({ name }) => name === order.driver)!.open(order.file);
  const call = callOf(order.verb);
  process.send!("ready");
  process.once("message", () => void hammer(call, order.ms));
});

function callOf(verb: Verb): () => unknown {
  if (verb === "tryAcquire" || verb === "acquire") {
    const limiter = createLimiter(limit, { name: "bench", store: sqlite(connection) });
    return verb === "acquire" ? () => limiter.acquire() : () => limiter.tryAcquire();
  }
  connection.exec("PRAGMA busy_timeout = 5000");
  connection.prepare("PRAGMA journal_mode = WAL").get();
  connection.exec("PRAGMA synchronous = NORMAL");
  connection.exec("CREATE TABLE IF NOT EXISTS bare (key TEXT PRIMARY KEY, value BLOB NOT NULL)");
  const upsert = connection.prepare(
    "INSERT INTO bare VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  let written = 0;
  return () => upsert.run("user:7", new Uint8Array(new Float64Array(9).fill(written++).buffer));
}

async function hammer(call: () => unknown, ms: number): Promise<void> {
  const took: number[] = [];
  let busy = 0;
  const end = performance.now() + ms;
  for (let before = performance.now(); before < end;) {
    try {
      const answer = call();
      if (answer instanceof Promise) await answer;
    } catch (error) {
      const { code = "" } = error as { code?: string };
      if (!["STORE_BUSY", "STORE_TOO_SLOW"].includes(code)) throw error;
      busy++;
    }
    const after = performance.now();
    took.push(Math.round((after - before) * 1e3));
    before = after;
  }
  const report: CallerReport = { took, busy };
  process.channel!.ref(); // stays until the parent has read it, and ends this process
  process.send!(report);
}
