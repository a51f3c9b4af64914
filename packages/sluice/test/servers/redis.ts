/** Redis, or Valkey, which is the same to its clients: one server, and a Cluster of three. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { installed } from "./installed.ts";
import { type Command, freePort, start } from "./server-process.ts";

const SLOTS = 16_384;

export async function startRedis(
  folder: string,
  stops: (() => Promise<void>)[],
  options: readonly string[] = [],
): Promise<string> {
  return `redis://127.0.0.1:${await startNode(folder, stops, options)}`;
}

/** Three masters without replicas; the ports. */
export async function startRedisCluster(
  folder: string,
  stops: (() => Promise<void>)[],
): Promise<number[]> {
  const options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
  const ports: number[] = [];
  for (let i = 0; i < 3; i++) ports.push(await startNode(folder, stops, options));
  const nodes = ports.map((port) => new Redis(port, "127.0.0.1"));
  try {
    await formCluster(nodes, ports);
  } finally {
    for (const node of nodes) node.disconnect();
  }
  return ports;
}

async function formCluster(nodes: readonly Redis[], ports: readonly number[]): Promise<void> {
  for (const [i, node] of nodes.entries()) {
    const from = Math.floor((i * SLOTS) / nodes.length);
    const to = Math.floor(((i + 1) * SLOTS) / nodes.length) - 1;
    const slots = Array.from({ length: to - from + 1 }, (_, slot) => from + slot);
    await node.cluster("ADDSLOTS", ...slots);
    // Nodes must start with epochs of their own, or they settle that first.
    await node.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
  }
  const [, ...others] = ports;
  for (const port of others) await nodes[0]!.cluster("MEET", "127.0.0.1", port);
  for (const node of nodes) {
    for (;;) {
      const info = String(await node.cluster("INFO"));
      const shards = (await node.cluster("SLOTS")) as unknown[];
      if (info.includes("cluster_state:ok") && shards.length === nodes.length) break;
      await delay(50);
    }
  }
}

async function startNode(
  folder: string,
  stops: (() => Promise<void>)[],
  options: readonly string[],
): Promise<number> {
  const command = await redisCommand(folder, options);
  await start(command, stops);
  return command.port;
}

/** How a server is started that keeps nothing on the disk, unless the options say otherwise. */
export async function redisCommand(folder: string, options: readonly string[]): Promise<Command> {
  const file = await installed({
    names: ["redis-server", "valkey-server"],
    folders: [],
    debian: "redis-server",
    variable: "REDIS_URL",
  });
  // In Cluster the port of the bus is 10,000 higher, and must exist.
  let port = await freePort();
  while (options.includes("--cluster-enabled") && port + 10_000 > 65_535) port -= 10_000;
  const home = join(folder, `redis-${port}`);
  await mkdir(home);
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", home];
  const volatile = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
  return { file, args: [...settings, ...volatile, ...options], port, signal: "KILL" };
}
