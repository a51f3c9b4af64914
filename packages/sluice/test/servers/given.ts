/**
 * Servers that `REDIS_URL` and `POSTGRES_URL` name. They may be in use: the tests have a database of
 * their own there, which is removed with the run.
 */

import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import pg from "pg";

const CONNECT_MS = 5_000;
/** Made first in a database of Redis, so that two runs do not take the same. */
const CLAIM = "sluice-tests";
/** As many as a Redis has unless it is told otherwise. */
const DATABASES = 16;

/** An empty database of this server, or that which the URL names; its URL. */
export async function givenRedis(url: string, stops: (() => Promise<void>)[]): Promise<string> {
  const own = checked("REDIS_URL", url, /^rediss?:$/, "redis://host:port");
  const named = own.pathname.slice(1);
  const wanted = named === "" ? [...Array(DATABASES).keys()] : [Number(named)];
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    retryStrategy: () => null,
  });
  let failure: unknown;
  client.on("error", (error) => (failure = error));
  try {
    await client.connect();
    own.pathname = String(await emptyDatabase(client, wanted));
  } catch (error) {
    client.disconnect();
    throw unusable("REDIS_URL", url, failure ?? error);
  }
  stops.push(async () => {
    await client.flushdb();
    client.disconnect();
  });
  return own.href;
}

async function emptyDatabase(client: Redis, wanted: readonly number[]): Promise<number> {
  for (const number of wanted) {
    await client.select(number);
    if ((await client.set(CLAIM, "1", "NX")) === null) continue;
    if ((await client.dbsize()) === 1) return number;
    await client.del(CLAIM);
  }
  throw new Error(`none of its databases ${wanted.join(", ")} is empty`);
}

/** A new database of this server; its URL. */
export async function givenPostgres(url: string, stops: (() => Promise<void>)[]): Promise<string> {
  const own = checked("POSTGRES_URL", url, /^postgres(ql)?:$/, "postgres://host:port/database");
  own.pathname = `sluice_tests_${randomBytes(6).toString("hex")}`;
  const name = own.pathname.slice(1);
  const ask = async (text: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  try {
    const rights = "SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper";
    if ((await ask(rights)).length === 0) throw new Error("its role is no superuser");
    await ask(`CREATE DATABASE ${name} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0`);
  } catch (error) {
    throw unusable("POSTGRES_URL", url, error);
  }
  stops.push(async () => void (await ask(`DROP DATABASE ${name} WITH (FORCE)`)));
  return own.href;
}

function checked(variable: string, url: string, scheme: RegExp, like: string): URL {
  if (URL.canParse(url) && scheme.test(new URL(url).protocol)) return new URL(url);
  throw unusable(variable, url, new Error(`a URL like ${like} was due`));
}

function unusable(variable: string, url: string, error: unknown): Error {
  const shown = url.replace(/(\/\/[^/@]*?):.*@/s, "$1:***@");
  const { message, errors } = error as { message?: string; errors?: Error[] };
  return new Error(
    `${variable} is ${JSON.stringify(shown)}, and the tests cannot use it (${message || errors?.[0]?.message}); correct it, or unset it: then they bring up a server of their own.`,
    { cause: error },
  );
}
