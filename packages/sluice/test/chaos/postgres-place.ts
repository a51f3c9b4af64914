// PostgreSQL behind a proxy: restarted, crashed, emptied, locked, failed over to a standby.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { postgres } from "sluice/postgres";
import { postgresCommand, postgresUrl, standbyCommand, takesQueries } from "../servers/postgres.ts";
import { type Command, launch, type Running } from "../servers/server-process.ts";
import { TcpProxy } from "../servers/tcp-proxy.ts";
import { fakeClock } from "./fake-clock.ts";
import { type Fault, FORGETS, networkFaults, type Place, troubleMs, wallAhead } from "./place.ts";
import type { Random } from "./random.ts";

const OTHERS = "pid <> pg_backend_pid() AND backend_type = 'client backend'";

export async function postgresPlace(folder: string): Promise<Place> {
  const clock = fakeClock(folder);
  const env = clock?.env ?? {};
  let command: Command = { ...(await postgresCommand(folder)), env };
  let server: Running = await launch(command);
  let admin = adminOf(command);
  await takesQueries(command);
  await postgres(admin).migrate();
  const proxy = await TcpProxy.to(command.port);

  const restart = async (random: Random, signal: "INT" | "QUIT"): Promise<void> => {
    await server.stop(signal);
    await sleep(random() < 0.5 ? 0 : 500 * random());
    server = await launch(command);
    await takesQueries(command);
  };
  const harmless = { forgets: 0 };
  const faults: Record<string, Fault> = {
    ...networkFaults(proxy),
    restart: async (random) => {
      await restart(random, "INT");
      return harmless;
    },
    crash: async (random) => {
      await restart(random, "QUIT");
      return FORGETS;
    },
    truncated: async () => {
      await admin.query("TRUNCATE sluice.budgets, sluice.log");
      return FORGETS;
    },
    "connections killed": async () => {
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OTHERS}`);
      return harmless;
    },
    locked: async (random) => {
      const client = await admin.connect();
      try {
        await client.query("BEGIN; LOCK TABLE sluice.budgets IN EXCLUSIVE MODE");
        await sleep(troubleMs(random));
      } finally {
        await client.query("ROLLBACK");
        client.release();
      }
      return harmless;
    },
    failover: async (random) => {
      const standby: Command = { ...(await standbyCommand(folder, command)), env };
      const running = await launch(standby);
      const next = adminOf(standby);
      await takesQueries(standby);
      await sleep(300 * random());
      await server.stop("QUIT");
      await next.query("SELECT pg_promote(true, 30)");
      proxy.target = { port: standby.port, host: "127.0.0.1" };
      proxy.breakAll();
      await admin.end();
      [command, server, admin] = [standby, running, next];
      return FORGETS;
    },
    ...clock?.steps,
  };
  return {
    store: "postgres",
    get where() {
      return postgresUrl(proxy.port);
    },
    env: {},
    faults,
    steady: false,
    setRight: () => clock?.setRight(),
    ahead: wallAhead,
    drained: async () => {
      await proxy.drained();
      // A call goes on when its client is gone.
      const underway = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND ${OTHERS}`;
      while ((await admin.query(underway)).rowCount !== 0) await sleep(5);
    },
    stop: async () => {
      await admin.end();
      await proxy.stop();
      await server.stop();
    },
  };
}

function adminOf({ port }: Command): pg.Pool {
  return new pg.Pool({ connectionString: postgresUrl(port), max: 2 }).on("error", () => undefined);
}
