/**
 * Real servers for the tests of the project "stores": `REDIS_URL` and `POSTGRES_URL` when they are
 * given, else servers of this run's own, on free ports in a temporary folder, which end with it.
 */

import { rm } from "node:fs/promises";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres.ts";
import { startRedis, startRedisCluster } from "./redis.ts";
import { temporaryFolder } from "./server-process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A single server. */
    redisUrl: string;
    /** The ports of a Cluster of three nodes on this host. */
    redisClusterPorts: number[];
    postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder();
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((each) => each()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [single, cluster, postgres] = await Promise.all([
      process.env["REDIS_URL"] ?? startRedis(folder, stops),
      startRedisCluster(folder, stops),
      process.env["POSTGRES_URL"] ?? startPostgres(folder, stops),
    ]);
    project.provide("redisUrl", single);
    project.provide("redisClusterPorts", cluster);
    project.provide("postgresUrl", postgres);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
