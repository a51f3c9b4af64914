// Run by other Nodes, as they are: every store keeps its contract there, and so do threads and processes.
// node every-store.ts <folder> <hammer> <Redis> <PostgreSQL>
import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import postgresJs from "postgres";
import { createClient } from "redis";
import { memory, type Store } from "sluice";
import { postgres } from "sluice/postgres";
import { redis, type RedisClient } from "sluice/redis";
import { sharedMemory } from "sluice/shared-memory";
import { sqlite, type SqliteHandle } from "sluice/sqlite";
import { storeSuite, type StoreSubject } from "sluice/testing";
import { breachOf, recordsOf } from "../shared-memory/order.ts";
import { round } from "../shared-memory/rounds.ts";
import { threadsTogether } from "../shared-memory/threads-together.ts";

const [folder, hammer, redisUrl, postgresUrl] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];

type Open = new (file: string) => SqliteHandle & { close(): void };
const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
  DatabaseSync: Open;
};
const Better = createRequire(import.meta.url)("better-sqlite3-of-node-22") as Open;

const ioRedis = new Redis(redisUrl);
const nodeRedis = createClient({ url: redisUrl });
const pool = new pg.Pool({ connectionString: postgresUrl, max: 4 });
const sql = postgresJs(postgresUrl, { max: 4, fetch_types: false, onnotice: () => undefined });
const handles = [new DatabaseSync(join(folder, "node.db")), new Better(join(folder, "better.db"))];

const prefix = `${process.version}:`;
const schema = `node_${process.versions.node.replaceAll(".", "_")}`;
const own = { clock: "own" } as const;
const subjects: Record<string, StoreSubject> = {
  memory: { open: () => memory(), shared: false },
  "shared memory, a buffer": { open: () => sharedMemory(new SharedArrayBuffer(2 ** 20)) },
  "shared memory, a file": { open: () => sharedMemory(join(folder, "a.sluice")) },
  "node:sqlite": { open: () => sqlite(handles[0]!) },
  "better-sqlite3": { open: () => sqlite(handles[1]!) },
  ioredis: { open: (): Store => redis(ioRedis, { prefix: `io${prefix}` }), ...own },
  redis: {
    open: (): Store => redis(nodeRedis as unknown as RedisClient, { prefix }),
    ...own,
  },
  pg: { open: (): Store => postgres(pool, { schema }), ...own },
  postgres: { open: (): Store => postgres(sql, { schema }), ...own },
};

await nodeRedis.connect();
await postgres(pool, { schema }).migrate();
for (const [name, subject] of Object.entries(subjects)) {
  const cases = storeSuite(subject, { traces: subject.clock === "own" ? 1 : 5 });
  for (const rule of cases) {
    await rule.run().catch((error: unknown) => {
      throw new Error(`${name}: ${rule.name}`, { cause: error });
    });
  }
  console.log(`${name}: ${cases.length} rules`);
}

const logs = await threadsTogether(hammer, folder, "rates");
console.log(`threads: ${breachOf("rates", recordsOf(logs)) ?? "kept"}`);
const chance = (below: number): number => Math.floor(Math.random() * below);
const { breach, stuck } = await round(hammer, folder, "rates", 1, 400, chance);
console.log(`processes: ${breach ?? "kept"}, ${stuck.length} stuck`);

ioRedis.disconnect();
nodeRedis.destroy();
await Promise.all([pool.end(), sql.end()]);
for (const handle of handles) handle.close();
