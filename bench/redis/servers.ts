/** A Redis of the bench's own, and what it says of itself. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { startRedis } from "../../packages/sluice/test/servers/redis.ts";

export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startServer(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-redis-"));
  const stops: (() => Promise<void>)[] = [];
  const url = await startRedis(folder, stops);
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((each) => each()));
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

/** Bytes in use, but for the connections' own. */
export async function usedMemory(client: Redis): Promise<number> {
  const info = await client.info("memory");
  const of = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
  return of("used_memory_dataset") + of("used_memory_overhead") - of("mem_clients_normal");
}

export interface ServerTime {
  /** Calls of scripts. */
  readonly calls: number;
  /** Microseconds of the server's CPU. */
  readonly micros: number;
}

/** What the server did since it was started. */
export async function serverTime(client: Redis): Promise<ServerTime> {
  const info = `${await client.info("commandstats")}${await client.info("cpu")}`;
  const of = (pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0);
  const seconds = of(/^used_cpu_user:([\d.]+)/m) + of(/^used_cpu_sys:([\d.]+)/m);
  return { calls: of(/^cmdstat_evalsha:calls=(\d+)/m), micros: seconds * 1e6 };
}
