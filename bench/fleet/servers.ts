/** Servers of the bench's own, those of the tests. */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { postgres } from "sluice/postgres";
import { startPostgres } from "../../packages/sluice/test/servers/postgres.ts";
import { startRedis } from "../../packages/sluice/test/servers/redis.ts";

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
  const pool = new pg.Pool({ connectionString: postgresUrl });
  await postgres(pool).migrate();
  await pool.end();
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((each) => each()));
    rmSync(folder, { recursive: true, force: true });
  };
  return { redis: redisUrl, postgres: postgresUrl, stop };
}
