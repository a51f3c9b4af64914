/** Servers of the bench's own, those of the tests. */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { postgres } from "sluice/postgres";
import { startPostgres } from "../../packages/sluice/test/servers/postgres.ts";
import { startRedis } from "../../packages/sluice/test/servers/redis.ts";

const READY_MS = 30_000;

export interface Servers {
  readonly redis: string;
  readonly postgres: string;
  stop(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-servers-"));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const stops: (() => Promise<void>)[] = [];
  const [redisUrl, postgresUrl] = await Promise.all([
    startRedis(folder, stops),
    startPostgres(folder, stops),
  ]);
  await migrate(postgresUrl);
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((each) => each()));
    rmSync(folder, { recursive: true, force: true });
  };
  return { redis: redisUrl, postgres: postgresUrl, stop };
}

/** Its port answers before it does. */
async function migrate(connectionString: string): Promise<void> {
  const pool = new pg.Pool({ connectionString });
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      await postgres(pool).migrate();
      break;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(100);
    }
  }
  await pool.end();
}
