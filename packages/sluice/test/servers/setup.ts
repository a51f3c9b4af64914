/**
 * Real servers for the tests of the project "stores": databases of those that `REDIS_URL` and
 * `POSTGRES_URL` name when they are given, else servers of this run's own, on free ports in a
 * temporary folder, which end with it.
 */

import { rm } from "node:fs/promises";
import type { TestProject } from "vitest/node";
import { givenPostgres, givenRedis } from "./given.ts";
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
  const { REDIS_URL, POSTGRES_URL } = process.env;
  const starting = [
    REDIS_URL ? givenRedis(REDIS_URL, stops) : startRedis(folder, stops),
    startRedisCluster(folder, stops),
    POSTGRES_URL ? givenPostgres(POSTGRES_URL, stops) : startPostgres(folder, stops),
  ] as const;
  try {
    const [single, cluster, postgres] = await Promise.all(starting);
    project.provide("redisUrl", single);
    project.provide("redisClusterPorts", cluster);
    project.provide("postgresUrl", postgres);
  } catch (error) {
    await Promise.allSettled(starting); // what still starts has to be ended, too
    await stop();
    throw error;
  }
  return stop;
}
