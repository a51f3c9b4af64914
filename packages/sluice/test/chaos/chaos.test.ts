// Law: whatever is killed, stopped, cut off, emptied or set wrong, and whenever, no limit is exceeded but
// where docs/failure-modes.md says so and by no more than it says; nobody waits for ever; slots come
// back with their leases. `npm run bench -- store-chaos` does this a hundred times for each store.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildWorker } from "./built-worker.ts";
import { openPlace, planOf, STORES } from "./campaign.ts";
import { round } from "./round.ts";

const SEED = 20261121;
const ROUNDS = 5;
/** Faults of which each round has one, so that the five are not left to chance. */
const FAULTS = {
  "shared-memory": ["forward", "back"],
  sqlite: ["forward", "back"],
  redis: ["cut", "restart empty", "flush", "failover"],
  postgres: ["silence", "crash", "truncated", "failover"],
};

const worker = buildWorker();
const folder = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
chmodSync(folder, 0o755); // PostgreSQL may run as another user
afterAll(() => {
  rmSync(worker);
  rmSync(folder, { recursive: true });
});

test.each(STORES)("five rounds on %s", { timeout: 300_000 }, async (store) => {
  const own = mkdtempSync(join(folder, `${store}-`));
  chmodSync(own, 0o755);
  const place = await openPlace(store, own);
  const setting = { worker, place, seed: SEED, only: FAULTS[store], patienceMs: 40_000 };
  try {
    let [kills, stops, admissions] = [0, 0, 0];
    for (let i = 0; i < ROUNDS; i++) {
      const outcome = await round(planOf(setting, i), own);
      expect(outcome.breaches).toEqual([]);
      kills += outcome.kills;
      stops += outcome.stops;
      admissions += outcome.admissions;
    }
    expect(Math.min(kills, stops, admissions)).toBeGreaterThan(0);
  } finally {
    await place.stop();
  }
});
