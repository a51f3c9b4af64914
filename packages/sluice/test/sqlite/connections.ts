// Connections to SQLite files by every package that the running Node has, and folders for the files.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqliteHandle } from "../../src/stores/sqlite/handle.ts";

export interface Connection extends SqliteHandle {
  close(): unknown;
}

export interface Driver {
  readonly name: string;
  readonly open: (file: string, options?: { readonly readOnly?: boolean }) => Connection;
}

type NodeSqlite = {
  DatabaseSync: new (file: string, options?: { readOnly?: boolean }) => Connection;
};
type Better = new (file: string, options?: { readonly?: boolean }) => Connection;

const require = createRequire(import.meta.url);

function nodeDriver(name: string): Driver {
  const { DatabaseSync } = require(name) as NodeSqlite;
  return { name, open: (file, options = {}) => new DatabaseSync(file, { ...options }) };
}

function betterDriver(name: string): Driver {
  const Database = require(name) as Better;
  return {
    name,
    open: (file, { readOnly = false } = {}) => {
      const connection = new Database(file, { readonly: readOnly });
      // libsql does not heed the option.
      if (readOnly) connection.exec("PRAGMA query_only = ON");
      return connection;
    },
  };
}

/**
 * `node:sqlite` where this Node has it, and packages with the API of either. better-sqlite3 itself is
 * compiled when it is installed, but for Node 22 and later: see test/nodes.
 */
export const drivers: readonly Driver[] = [
  nodeDriver("@photostructure/sqlite"),
  betterDriver("libsql"),
  ...(process.getBuiltinModule?.("node:sqlite")
    ? [nodeDriver("node:sqlite"), betterDriver("better-sqlite3-of-node-22")]
    : []),
];

const folders: string[] = [];

/** A name for a file in a folder of its own, until `removeFolders`. */
export function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-sqlite-"));
  folders.push(folder);
  return join(folder, "limits.db");
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
