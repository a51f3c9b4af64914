// The SQLite store keeps every rule of the contract, through every package that can open a file.
import { afterAll, describe, test } from "vitest";
import { sqlite } from "../../src/stores/sqlite.ts";
import type { Ledger, Scope, Store } from "../../src/stores/store.ts";
import type { StoreSubject } from "../../src/testing/store-suite/subject.ts";
import { storeSuite } from "../../src/testing/store-suite/suite.ts";
import { type Connection, type Driver, drivers, newFile, removeFolders } from "./connections.ts";

afterAll(removeFolders);

describe.each(drivers)("$name", (driver) => {
  for (const { name, run } of storeSuite(subjectOf(driver))) test(name, run);
});

// Two connections take turns, so that neither may rely on what it remembers.
describe.each(drivers)("$name, by two connections in turn", (driver) => {
  const file = newFile();
  const stores = [0, 1].map(() => sqlite(driver.open(file)));
  const open = (scope: Scope): Ledger<true> => new InTurn(stores.map((store) => store.open(scope)));
  const subject = { open: (): Store => ({ ...stores[0]!, open }) };
  for (const { name, run } of storeSuite(subject, { seed: 2 })) test(name, run);
});

/** Every call goes to another ledger than the last one. */
class InTurn implements Ledger<true> {
  readonly sync = true;
  readonly #ledgers: readonly Ledger<true>[];
  #turn = 0;

  constructor(ledgers: readonly Ledger<true>[]) {
    this.#ledgers = ledgers;
  }

  now = (): number => Math.max(...this.#ledgers.map((ledger) => ledger.now()));
  reserve: Ledger<true>["reserve"] = (ask) => this.#next().reserve(ask);
  amend: Ledger<true>["amend"] = (changes) => this.#next().amend(changes);
  peek: Ledger<true>["peek"] = (ask, ahead) => this.#next().peek(ask, ahead);
  keys = (): string[] => this.#next().keys();
  close = (): void => this.#ledgers.forEach((ledger) => ledger.close());

  #next(): Ledger<true> {
    return this.#ledgers[this.#turn++ % this.#ledgers.length]!;
  }
}

function subjectOf({ open }: Driver): StoreSubject {
  const connection = open(newFile());
  return { open: () => sqlite(connection), dump: () => dumpOf(connection) };
}

/** Every row of every table; blobs as text. */
function dumpOf(connection: Connection): string {
  const tables = ["budget", "shape", "state", "chunk"];
  const rows = tables.map((table) => connection.prepare(`SELECT * FROM sluice_${table}`).all());
  return JSON.stringify(rows, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
  );
}
