export { postgres, type PostgresOptions, type PostgresStore } from "./postgres/postgres.ts";
export type {
  PgLike,
  PostgresClient,
  PostgresJsLike,
  PostgresListener,
} from "./postgres/client.ts";
