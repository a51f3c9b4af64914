// Redis behind a proxy: restarted with and without what it had on the disk, flushed, failed over.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { redisCommand } from "../servers/redis.ts";
import { type Command, launch, type Running } from "../servers/server-process.ts";
import { TcpProxy } from "../servers/tcp-proxy.ts";
import { fakeClock } from "./fake-clock.ts";
import { type Fault, FORGETS, networkFaults, type Place, wallAhead } from "./place.ts";

/** What was answered is on the disk. */
const KEPT = ["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"];

export async function redisPlace(folder: string): Promise<Place> {
  const clock = fakeClock(folder);
  const env = clock?.env ?? {};
  let command: Command = { ...(await redisCommand(folder, KEPT)), env };
  let server: Running = await launch(command);
  let admin = adminOf(command);
  const proxy = await TcpProxy.to(command.port);

  const restart = async (random: () => number, forget: boolean): Promise<void> => {
    await server.stop("KILL");
    if (forget) rmSync(join(homeOf(command), "appendonlydir"), { recursive: true, force: true });
    await sleep(random() < 0.5 ? 0 : 500 * random());
    server = await launch(command);
    await answers(admin);
  };
  const harmless = { forgets: 0 };
  const faults: Record<string, Fault> = {
    ...networkFaults(proxy),
    restart: async (random) => {
      await restart(random, false);
      return harmless;
    },
    "restart empty": async (random) => {
      await restart(random, true);
      return FORGETS;
    },
    flush: async () => {
      await admin.flushall();
      return FORGETS;
    },
    "scripts gone": async () => {
      await admin.script("FLUSH");
      return harmless;
    },
    "connections killed": async () => {
      await admin.call("CLIENT", "KILL", "TYPE", "normal");
      return harmless;
    },
    paused: async (random) => {
      await admin.call("CLIENT", "PAUSE", String(Math.ceil(800 * random())), "ALL");
      await answers(admin);
      return harmless;
    },
    failover: async (random) => {
      // The replica lags behind by what its way takes.
      const way = await TcpProxy.to(command.port);
      way.way = { ...way.way, delay: 100 * random() };
      const replica: Command = { ...(await redisCommand(folder, KEPT)), env };
      const of = ["--replicaof", "127.0.0.1", String(way.port)];
      const running = await launch({ ...replica, args: [...replica.args, ...of] });
      const next = adminOf(replica);
      while (!(await next.info("replication")).includes("master_link_status:up")) await sleep(20);
      await sleep(300 * random());
      await server.stop("KILL");
      await next.replicaof("NO", "ONE");
      proxy.target = { port: replica.port, host: "127.0.0.1" };
      proxy.breakAll();
      await way.stop();
      admin.disconnect();
      [command, server, admin] = [replica, running, next];
      return FORGETS;
    },
    ...clock?.steps,
  };
  return {
    store: "redis",
    get where() {
      return `redis://127.0.0.1:${proxy.port}`;
    },
    env: {},
    faults,
    steady: false,
    setRight: () => clock?.setRight(),
    ahead: wallAhead,
    drained: async () => {
      await proxy.drained();
      await answers(admin);
    },
    stop: async () => {
      admin.disconnect();
      await proxy.stop();
      await server.stop();
    },
  };
}

function adminOf({ port }: Command): Redis {
  const client = new Redis(port, "127.0.0.1", {
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  return client.on("error", () => undefined);
}

async function answers(admin: Redis): Promise<void> {
  await admin.ping();
}

function homeOf({ args }: Command): string {
  return args[args.indexOf("--dir") + 1]!;
}
