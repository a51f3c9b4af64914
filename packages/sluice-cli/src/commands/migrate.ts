/** `sluice migrate`: makes the schema of a store that needs one. */

import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import type { Host } from "../host.ts";
import { say } from "../say.ts";
import { unreachable } from "../store/open-store.ts";
import { openPostgres, type PostgresConnection } from "../store/postgres-connection.ts";
import { parseStoreAddress } from "../store/store-address.ts";

const help = `
Its role must own the schema "sluice", or may create it. A second time nothing changes. The other
stores need no schema, and say so.

Example:
  sluice migrate postgres://owner@db.example.com/limits`;

/** @param done - Takes the exit code. */
export function migrateCommand(host: Host, done: (exitCode: number) => void): Command {
  return new Command("migrate")
    .summary("make the schema of a PostgreSQL store")
    .description(
      "Makes the schema that limits in PostgreSQL need, or brings it up to this version.",
    )
    .argument("<store>", "its address, as for --store")
    .addHelpText("after", help)
    .action(async (store: string) => {
      await say(host.stdout, `${await migrate(store, host.cwd)}\n`);
      done(exitCodes.ok);
    });
}

async function migrate(store: string, cwd: string): Promise<string> {
  const address = parseStoreAddress(store);
  const { kind, name } = address;
  if (kind !== "postgres")
    return `nothing to do: ${name} makes what it needs when it is first used`;
  const connection = openPostgres(address, cwd);
  try {
    const before = await versionOf(connection).catch((error: unknown) => {
      throw unreachable(name, error);
    });
    const { postgres } = await import("sluice/postgres");
    await postgres(connection.client).migrate();
    const after = await versionOf(connection);
    if (before === after)
      return `nothing to do: the schema "sluice" in ${name} has version ${after}`;
    return before === undefined
      ? `made the schema "sluice" in ${name}, version ${after}`
      : `brought the schema "sluice" in ${name} from version ${before} to ${after}`;
  } finally {
    await connection.close();
  }
}

async function versionOf({ ask }: PostgresConnection): Promise<number | undefined> {
  const [there] = await ask("SELECT to_regclass('sluice.version') IS NOT NULL AS is");
  if (there?.["is"] !== true) return undefined;
  const [found] = await ask("SELECT max(version) AS version FROM sluice.version");
  return found?.["version"] as number | undefined;
}
