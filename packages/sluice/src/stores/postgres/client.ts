/** The user's client, pg or postgres.js, behind the few calls that are needed. */

import { InvalidOptionError, StoreUnavailableError } from "../../errors.ts";
import { show } from "../../time.ts";
import { fnv } from "./names.ts";

/** What is used of a `Pool` or a connected `Client` of the npm package pg. */
export interface PgLike {
  query(config: { name?: string; text: string; values?: string[] }): Promise<unknown>;
}

/** What is used of the `sql` of the npm package postgres. */
export interface PostgresJsLike {
  unsafe(text: string, values?: string[], options?: { prepare?: boolean }): PromiseLike<unknown>;
}

/** A `Pool` or a connected `Client` of the npm package pg, or the `sql` of the npm package postgres. */
export type PostgresClient = PgLike | PostgresJsLike;

/** The same, for listening: a connected `Client` of pg that does nothing else, or `sql`. */
export type PostgresListener = object;

/** The calls that are needed of any client. */
export interface Connection {
  /** How many calls at a time serve it well. */
  readonly parallel: number;
  /** One statement that answers with a column: its values. */
  ask(text: string, values: string[]): Promise<unknown[]>;
  /** Several statements without values, in one transaction. */
  run(text: string): Promise<void>;
}

/** Of a pool: more would wait for the server's processors, and in smaller calls. */
const PARALLEL = 4;

/**
 * A pooler gave the connection to others meanwhile: a statement of that name is there already, or not
 * any more. Nothing was asked then, and no further statement is prepared.
 */
const UNPREPARED: ReadonlySet<unknown> = new Set(["42P05", "26000"]);

/** @param prepare - Whether statements are prepared once a connection. */
export function connectionOf(client: PostgresClient, prepare: boolean): Connection {
  const loose = client as Partial<PgLike & PostgresJsLike> | null | undefined;
  if (typeof loose?.unsafe === "function") return postgresJs(client as PostgresJsLike, prepare);
  if (typeof loose?.query === "function") return pg(client as PgLike, prepare);
  throw new InvalidOptionError(
    `postgres() takes a Pool or a Client of the npm package pg, or the sql of the npm package postgres; got ${show(client)}.`,
  );
}

function pg(client: PgLike, prepare: boolean): Connection {
  const isPool = typeof (client as { totalCount?: unknown }).totalCount === "number";
  const query = <T>(ask: () => Promise<T>): Promise<T> => (isPool ? ask() : inTurn(client, ask));
  let isPrepared = prepare;
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    let name = names.get(text);
    if (name === undefined) names.set(text, (name = `sluice_${fnv(text).toString(16)}`));
    return name;
  };
  const ask = async (text: string, values: string[]): Promise<unknown[]> => {
    const name = isPrepared ? nameOf(text) : undefined;
    const config = name === undefined ? { text, values } : { name, text, values };
    try {
      const { rows } = (await query(() => client.query(config))) as {
        rows: Record<string, unknown>[];
      };
      return rows.map((row) => Object.values(row)[0]);
    } catch (error) {
      if (name === undefined || !UNPREPARED.has((error as { code?: unknown }).code)) throw error;
      isPrepared = false;
      return ask(text, values);
    }
  };
  return {
    parallel: isPool ? PARALLEL : 1,
    ask,
    run: async (text) => void (await query(() => client.query({ text }))),
  };
}

/** The last statement of a `Client`, whichever store asked for it. */
const lasts = new WeakMap<object, Promise<unknown>>();

/** A `Client` takes one at a time, and one that was never connected would let them wait for ever. */
function inTurn<T>(client: object, ask: () => Promise<T>): Promise<T> {
  const state = client as Record<string, unknown>;
  if (state["_connected"] === false && state["_connecting"] === false) {
    return Promise.reject(
      new StoreUnavailableError(
        "PostgreSQL did not decide (this Client was never connected); await its connect() before it is used, or pass a Pool.",
      ),
    );
  }
  const turn = (lasts.get(client) ?? Promise.resolve()).then(ask);
  lasts.set(
    client,
    turn.catch(() => undefined),
  );
  return turn;
}

function postgresJs(sql: PostgresJsLike, prepare: boolean): Connection {
  return {
    parallel: PARALLEL,
    ask: async (text, values) => {
      const rows = (await sql.unsafe(text, values, { prepare })) as Record<string, unknown>[];
      return Array.from(rows, (row) => Object.values(row)[0]);
    },
    run: async (text) => void (await sql.unsafe(text)),
  };
}

/** Listens to a channel; what ends that. */
export async function listen(
  listener: PostgresListener,
  channel: string,
  heard: () => void,
): Promise<() => Promise<void>> {
  const client = listener as {
    listen?: (channel: string, heard: () => void) => Promise<{ unlisten(): Promise<unknown> }>;
    query?: (text: string) => Promise<unknown>;
    on?: (event: "notification", listener: (told: { channel: string }) => void) => unknown;
    off?: (event: "notification", listener: (told: { channel: string }) => void) => unknown;
    totalCount?: unknown;
  };
  if (typeof client?.listen === "function") {
    const { unlisten } = await client.listen(channel, heard);
    return async () => void (await unlisten());
  }
  if (
    typeof client?.query !== "function" ||
    typeof client.on !== "function" ||
    client.totalCount !== undefined
  ) {
    throw new InvalidOptionError(
      `listener must be a connected Client of the npm package pg that does nothing else, or the sql of the npm package postgres; got ${show(listener)}.`,
    );
  }
  const onNotice = (told: { channel: string }): void => {
    if (told.channel === channel) heard();
  };
  const query = client.query.bind(client);
  client.on("notification", onNotice);
  await inTurn(client, () => query(`LISTEN ${channel}`));
  return async () => {
    client.off?.("notification", onNotice);
    // Another limiter may listen to the same channel on this connection.
    const left = (client as { listenerCount?: (event: string) => number }).listenerCount;
    if (left?.call(client, "notification") === 0) {
      await inTurn(client, () => query(`UNLISTEN ${channel}`));
    }
  };
}
