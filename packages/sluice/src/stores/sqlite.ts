export type { SqliteHandle, SqliteStatement, SqlValue } from "./sqlite/handle.ts";
export { sqlite, type SqliteOptions, type SqliteStore } from "./sqlite/store.ts";
