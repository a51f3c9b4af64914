/** Decisions of one process on one key, in turn with bare upserts through the same handle. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, createLimiter, type LimitsInput, pace, quota, window } from "sluice";
import { sqlite } from "sluice/sqlite";
import { type Connection, drivers } from "../../packages/sluice/test/sqlite/connections.ts";
import { against, type Speed, type Subject } from "../harness/rounds.ts";

/**
 * Twice the pages after which the log is carried over to the file. Of fewer that would fall to the same
 * one of the two in every round, and it is a third of what 2,000 decisions take.
 */
const CALLS = 8_000;
const KEY = "user:7";

interface Deciding {
  readonly limits: LimitsInput;
  /** Milliseconds between two decisions. */
  readonly step: number;
  /** The first ask takes as much as there is, so that a ring has its full length. */
  readonly first: number;
}

const ten = window(10, "1s");
const thousand = window(1_000, "1s");
const paced = pace("1000/s", { burst: 10 });

export const decisions: Record<string, Deciding> = {
  pace: { limits: paced, step: 2, first: 1 },
  "window of 10": { limits: ten, step: 110, first: 10 },
  "window of 1,000": { limits: thousand, step: 2, first: 1_000 },
  "window of 10, pace, quota": {
    limits: [ten, paced, quota(1_000_000_000, "day")],
    step: 110,
    first: 10,
  },
};

/** Passes by itself, and is read as often as the real one, so that its price is in the figures. */
class SteppedClock implements Clock {
  #ahead = 0;

  now(): number {
    return Math.floor(performance.now() * 1e3) + this.#ahead * 1e3;
  }

  wall(): number {
    return Date.now() + this.#ahead;
  }

  setTimer(ms: number, wake: () => void): () => void {
    const timer = setTimeout(wake, ms).unref();
    return () => clearTimeout(timer);
  }

  step(ms: number): void {
    this.#ahead += ms;
  }
}

function deciding(connection: Connection, { limits, step, first }: Deciding): Subject {
  const clock = new SteppedClock();
  const limiter = createLimiter(limits, { name: "bench", store: sqlite(connection), clock });
  if (!limiter.tryAcquire({ key: KEY, cost: first }).granted) throw new Error("Refused.");
  clock.step(10_000);
  const batch = (calls: number): number => {
    let granted = 0;
    for (let i = 0; i < calls; i++) {
      clock.step(step);
      if (limiter.tryAcquire({ key: KEY }).granted) granted++;
    }
    return granted;
  };
  // A long ring's row is longer or shorter: this is about its middle.
  batch(64);
  return { calls: CALLS, batch };
}

/** A row of as many bytes as the limiter's own has now, other ones each time: equal ones are not written. */
function upserting(connection: Connection): Subject {
  const { bytes } = connection
    .prepare("SELECT length(cells) + 64 AS bytes FROM sluice_state")
    .get() as { bytes: number };
  connection.exec("CREATE TABLE bare (key TEXT PRIMARY KEY, value BLOB NOT NULL)");
  const upsert = connection.prepare(
    "INSERT INTO bare VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const numbers = new Float64Array(Math.ceil(bytes / 8));
  const value = new Uint8Array(numbers.buffer);
  let written = 0;
  return {
    calls: CALLS,
    batch: (calls) => {
      let changed = 0;
      for (let i = 0; i < calls; i++) {
        numbers.fill(written++);
        changed += Number(upsert.run(KEY, value).changes);
      }
      return changed;
    },
  };
}

export const tasks = {
  decide: async ({ driver, limit }: { driver: string; limit: string }): Promise<Speed> => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
    const { open } = drivers.find(({ name }) => name === driver)!;
    const connection = open(join(folder, "limits.db"));
    try {
      const subject = deciding(connection, decisions[limit]!);
      return await against(upserting(connection), subject);
    } finally {
      connection.close();
      rmSync(folder, { recursive: true });
    }
  },
};
