/** The user's client, ioredis or node-redis, single or Cluster, behind the few calls that are needed. */

import { InvalidOptionError } from "../../errors.ts";
import { show } from "../../time.ts";

/** What is used of an ioredis client: `new Redis()` or `new Cluster()`. */
export interface IoRedisLike {
  evalsha(sha: string, keys: number, ...args: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
  scan?(cursor: string, ...args: never[]): Promise<unknown>;
}

/** What is used of a node-redis client: `createClient()` or `createCluster()`. */
export interface NodeRedisLike {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** A connected client of the npm package ioredis or redis. */
export type RedisClient = IoRedisLike | NodeRedisLike;

/** A connection of its own that may subscribe. */
export type RedisSubscriber = object;

/** One script with its keys and arguments. */
export interface Call {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** The calls that are needed of any client. */
export interface Connection {
  readonly isCluster: boolean;
  /** Put before every key by the client itself. */
  readonly keyPrefix: string;
  evalSha(sha: string, call: Call): Promise<unknown>;
  eval(script: string, call: Call): Promise<unknown>;
  /** The names that match, of all nodes. */
  scan(pattern: string): AsyncIterable<readonly string[]>;
}

type Loose = Record<string, unknown>;
type Command = (...args: unknown[]) => Promise<unknown>;

const SCAN_COUNT = "1000";

export function connectionOf(client: RedisClient): Connection {
  const loose = client as unknown as Loose | null | undefined;
  if (typeof loose?.["evalSha"] === "function") return nodeRedis(client as NodeRedisLike);
  if (typeof loose?.["evalsha"] === "function") return ioRedis(client as IoRedisLike);
  throw new InvalidOptionError(
    `redis() takes a client of the npm package ioredis or redis; got ${show(client)}.`,
  );
}

function ioRedis(client: IoRedisLike): Connection {
  const { options, isCluster } = client as unknown as {
    options?: { keyPrefix?: string };
    isCluster?: boolean;
  };
  return {
    isCluster: isCluster === true,
    keyPrefix: options?.keyPrefix ?? "",
    evalSha: (sha, { keys, args }) => client.evalsha(sha, keys.length, ...keys, ...args),
    eval: (script, { keys, args }) => client.eval(script, keys.length, ...keys, ...args),
    scan: async function* (pattern) {
      const { nodes } = client as unknown as { nodes?: (role: string) => IoRedisLike[] };
      for (const node of isCluster && nodes ? nodes.call(client, "master") : [client]) {
        let cursor = "0";
        do {
          const scan = (node as unknown as { scan: Command }).scan.bind(node);
          const reply = await scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT);
          const [next, found] = reply as [string, string[]];
          yield found;
          cursor = String(next);
        } while (cursor !== "0");
      }
    },
  };
}

function nodeRedis(client: NodeRedisLike): Connection {
  const { masters } = client as unknown as { masters?: readonly unknown[] };
  return {
    isCluster: Array.isArray(masters),
    keyPrefix: "",
    evalSha: (sha, { keys, args }) =>
      client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: (script, { keys, args }) =>
      client.eval(script, { keys: [...keys], arguments: [...args] }),
    scan: async function* (pattern) {
      const cluster = client as unknown as {
        masters?: readonly unknown[];
        nodeClient?: Command;
        getSentinelNode?: unknown;
      };
      // By Sentinel a command is sent with whether a replica may answer it.
      const first = cluster.getSentinelNode === undefined ? [] : [false];
      const nodes = Array.isArray(cluster.masters)
        ? await Promise.all(cluster.masters.map((each) => cluster.nodeClient!.call(client, each)))
        : [client];
      for (const node of nodes) {
        let cursor = "0";
        do {
          const send = (node as { sendCommand: Command }).sendCommand;
          const args = ["SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT];
          const [next, found] = (await send.call(node, ...first, args)) as [string, string[]];
          yield found;
          cursor = String(next);
        } while (cursor !== "0");
      }
    },
  };
}

/** Listens to a channel; what ends that. */
export async function listen(
  subscriber: RedisSubscriber,
  channel: string,
  heard: (message: string) => void,
): Promise<() => Promise<void>> {
  const client = subscriber as {
    subscribe?: Command;
    unsubscribe?: Command;
    on?: (event: string, listener: (channel: string, message: string) => void) => unknown;
    off?: (event: string, listener: (channel: string, message: string) => void) => unknown;
    evalSha?: unknown;
  };
  if (typeof client.subscribe !== "function" || typeof client.unsubscribe !== "function") {
    throw new InvalidOptionError(
      `subscriber must be a client of the npm package ioredis or redis that does nothing else; got ${show(subscriber)}.`,
    );
  }
  if (typeof client.evalSha === "function") {
    await client.subscribe(channel, heard);
    return async () => void (await client.unsubscribe!(channel, heard));
  }
  const listener = (from: string, message: string): void => {
    if (from === channel) heard(message);
  };
  client.on?.("message", listener);
  await client.subscribe(channel);
  return async () => {
    client.off?.("message", listener);
    // Another limiter may listen to the same channel on this connection.
    const left = (client as { listenerCount?: (event: string) => number }).listenerCount;
    if (left?.call(client, "message") === 0) await client.unsubscribe!(channel);
  };
}
