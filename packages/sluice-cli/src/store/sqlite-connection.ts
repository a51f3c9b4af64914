/** A connection to an SQLite file: by Node itself where it can, else by a package. */

import { resolve } from "node:path";
import type { SqliteHandle } from "sluice/sqlite";
import { findPackage } from "./find-package.ts";
import type { StoreAddress } from "./store-address.ts";

export type SqliteConnection = SqliteHandle & { close(): unknown };

type Open = new (file: string) => SqliteConnection;

/** Makes the file when it is not there. */
export function openSqlite(address: StoreAddress, cwd: string): SqliteConnection {
  const Connection = openerFor(address, cwd);
  return new Connection(resolve(cwd, address.place));
}

function openerFor({ name }: StoreAddress, cwd: string): Open {
  const builtIn = process.getBuiltinModule?.("node:sqlite") as { DatabaseSync: Open } | undefined;
  if (builtIn) return builtIn.DatabaseSync;
  const packages = ["better-sqlite3", "@photostructure/sqlite"];
  const found = findPackage(packages, cwd, `${name} on Node ${process.versions.node}`);
  return found.name === "better-sqlite3"
    ? (found.exports as Open)
    : (found.exports as { DatabaseSync: Open }).DatabaseSync;
}
