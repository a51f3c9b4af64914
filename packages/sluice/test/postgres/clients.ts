/** Clients for the tests, and one whose server has the time of a clock that moves by hand. */

import pg from "pg";
import postgresJs from "postgres";
import { inject } from "vitest";
import type { Clock } from "../../src/clock.ts";
import type { PgLike, PostgresClient } from "../../src/stores/postgres.ts";

/** A client, and what ends it. */
export interface Connected<C = PostgresClient> {
  readonly client: C;
  end(): Promise<void>;
}

export function pgPool(): Connected<pg.Pool> {
  const client = new pg.Pool({ connectionString: inject("postgresUrl"), max: 4 });
  return { client, end: () => client.end() };
}

export async function pgClient(): Promise<Connected<pg.Client>> {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  return { client, end: () => client.end() };
}

export function postgresSql(): Connected {
  const client = postgresJs(inject("postgresUrl"), { max: 4, onnotice: () => undefined });
  return { client, end: () => client.end() };
}

/** Functions read the time of `clock` instead of the server's; everything else is real. */
export class TimedClient implements PgLike {
  clock: Clock | undefined;
  readonly #client: pg.Client;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: pg.Client) {
    this.#client = client;
  }

  query(config: { name?: string; text: string; values?: string[] }): Promise<unknown> {
    const text = config.text.replaceAll(
      "clock_timestamp()",
      "to_timestamp(current_setting('sluice.now')::float8)",
    );
    const turn = this.#last.then(async () => {
      const now = String((this.clock?.wall() ?? 0) / 1e3);
      await this.#client.query("SELECT set_config('sluice.now', $1, false)", [now]);
      return this.#client.query({ ...config, text });
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
