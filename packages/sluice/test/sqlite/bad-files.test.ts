// Files that cannot be used are told in one sentence, and never as a refusal.
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test, vi } from "vitest";
import { SluiceError } from "../../src/errors.ts";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import { askFor, type Answer, type Ledger } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { type Connection, drivers, newFile, removeFolders } from "./connections.ts";
import { scopeOf } from "../scope.ts";

afterAll(removeFolders);

function failureOf(f: () => unknown): SluiceError {
  try {
    f();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

function openLedger(connection: Connection): Ledger<true> {
  return sqlite(connection).open(scopeOf({ clock: manualClock({ now: 1_000_000 }) }));
}

function ask(ledger: Ledger<true>, cost = 1, key = "k"): Answer {
  const plan = compile([window(50_000, "1h")], 0, { now: 0, wall: 0 });
  return ledger.reserve(askFor(key, plan, [[cost]]));
}

const SENTENCE = /^[^.]*(\.[^ ][^.]*)*\.$/;

describe.each(drivers)("$name", ({ name, open }) => {
  /** A file with some state, closed. */
  function used(): string {
    const file = newFile();
    const connection = open(file);
    const ledger = openLedger(connection);
    for (let i = 0; i < 40; i++) ask(ledger, 1_000, `key ${i}`);
    ledger.close();
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    connection.close();
    return file;
  }

  test("a file that is no database", () => {
    const file = newFile();
    writeFileSync(file, "rate,limit\n".repeat(1_000));
    const error = failureOf(() => sqlite(open(file)));
    expect(error.code).toBe("STORE_CORRUPT");
    expect(error.message).toMatch(/no SQLite database/);
    expect(error.message).toMatch(SENTENCE);
    expect(readFileSync(file, "utf8")).toBe("rate,limit\n".repeat(1_000));
  });

  test("a table of somebody else's", () => {
    const connection = open(newFile());
    connection.exec("CREATE TABLE sluice (gate TEXT, height REAL)");
    const error = failureOf(() => sqlite(connection));
    expect(error.code).toBe("STORE_CORRUPT");
    expect(error.message).toMatch(/"sluice" that is not Sluice's/);
    expect(error.message).toMatch(SENTENCE);
    const ledger = sqlite(connection, { table: "limits" });
    expect(ledger.sync).toBe(true);
    connection.close();
  });

  test("another version", () => {
    const connection = open(used());
    connection.exec("UPDATE sluice SET version = 7");
    const error = failureOf(() => sqlite(connection));
    expect(error.code).toBe("STORE_CORRUPT");
    expect(error.message).toMatch(/version 7 .* reads version 3/);
    expect(error.message).toMatch(SENTENCE);
    connection.close();
  });

  test("a file that was cut short", () => {
    const file = used();
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const error = failureOf(() => {
      const ledger = openLedger(open(file));
      for (let i = 0; i < 40; i++) ask(ledger, 1, `key ${i}`);
    });
    // This one tells no more than that reading failed, which may be the disk's fault.
    const isVague = name === "@photostructure/sqlite" && error.message.includes("disk I/O error");
    expect(error.code).toBe(isVague ? "STORE_UNAVAILABLE" : "STORE_CORRUPT");
    expect(error.message).toMatch(/cut short/);
  });

  test("a file beside it that cannot be made", () => {
    const file = used();
    rmSync(`${file}-wal`, { force: true });
    mkdirSync(`${file}-wal`);
    const error = failureOf(() => ask(openLedger(open(file))));
    expect(error.code).toBe("STORE_UNAVAILABLE");
    expect(error.message).toMatch(/that its folder is there and can be written/);
    expect(error.message).toMatch(SENTENCE);
  });

  test("numbers that were damaged", () => {
    const connection = open(used());
    const ledger = openLedger(connection);
    connection.exec("DELETE FROM sluice_chunk WHERE part = 3");
    expect(failureOf(() => ask(ledger, 1, "key 1")).code).toBe("STORE_CORRUPT");
    connection.exec("UPDATE sluice_state SET cells = x'0102'");
    expect(failureOf(() => ask(ledger, 1, "key 2")).code).toBe("STORE_CORRUPT");
    ledger.close();
    connection.close();
  });

  test("a read-only file", () => {
    const connection = open(used(), { readOnly: true });
    const error = failureOf(() => ask(openLedger(connection)));
    expect(error.code).toBe("STORE_UNAVAILABLE");
    expect(error.message).toMatch(/cannot be written/);
    expect(error.message).toMatch(SENTENCE);
    connection.close();
  });

  test("a full disk: nothing is admitted, and it goes on when there is room", () => {
    const connection = open(newFile());
    const ledger = openLedger(connection);
    ask(ledger, 10);
    const pages = connection.prepare("PRAGMA page_count").get() as { page_count: number };
    connection.exec(`PRAGMA max_page_count = ${pages.page_count}`);
    const error = failureOf(() => ask(ledger, 40_000));
    expect(error.code).toBe("STORE_UNAVAILABLE");
    expect(error.message).toMatch(/full/);
    expect(error.message).toMatch(SENTENCE);
    connection.exec("PRAGMA max_page_count = 1000000");
    expect(ask(ledger, 49_990).admitted).toBe(1);
    expect(ask(ledger, 1).admitted).toBe(0);
    ledger.close();
    connection.close();
  });

  test("a connection that was closed", () => {
    const connection = open(newFile());
    const ledger = openLedger(connection);
    connection.close();
    const error = failureOf(() => ask(ledger));
    expect(error.code).toBe("STORE_UNAVAILABLE");
    expect(error.message).toMatch(/closed/);
  });

  test("a transaction of the user's own", () => {
    const connection = open(newFile());
    const ledger = openLedger(connection);
    connection.exec("BEGIN");
    expect(failureOf(() => ask(ledger)).message).toMatch(/transaction of its own open/);
    connection.exec("ROLLBACK");
    expect(ask(ledger).admitted).toBe(1);
    ledger.close();
    connection.close();
  });

  test("what was busy leaves nothing behind: the next calls see what others wrote, and write", () => {
    const file = newFile();
    const [connection, other] = [open(file), open(file)];
    const [ledger, theirs] = [openLedger(connection), openLedger(other)];
    for (let i = 0; i < 3; i++) ask(ledger);
    const plan = compile([window(50_000, "1h")], 0, { now: 0, wall: 0 });
    const openGate = () => ledger.amend([{ kind: "gate", key: "k", plan, until: undefined }]);
    other.exec("BEGIN IMMEDIATE");
    expect(failureOf(() => ask(ledger)).code).toBe("STORE_BUSY");
    expect(failureOf(openGate).code).toBe("STORE_BUSY");
    other.exec("COMMIT");
    expect(ask(theirs, 49_997).admitted).toBe(1);
    expect(ask(ledger).admitted).toBe(0);
    theirs.amend([{ kind: "reset", key: "k" }]);
    expect(ask(ledger, 50_000).admitted).toBe(1);
    theirs.amend([{ kind: "reset", key: "k" }]);
    openGate();
    expect(ask(theirs, 50_000).admitted).toBe(1);
    for (const each of [ledger, theirs]) each.close();
    for (const each of [connection, other]) each.close();
  });

  test("how long it was tried is what the sentence says", () => {
    const file = newFile();
    const [connection, other] = [open(file), open(file)];
    let now = 0;
    const clock = { ...manualClock(), now: () => (now += 1_000) };
    const store = sqlite(connection);
    const openIt = () => store.open(scopeOf({ clock }));
    const ledger = openIt();
    other.exec("BEGIN IMMEDIATE");
    const stayed = "the SQLite file stayed locked by other connections for";
    expect(failureOf(() => ask(ledger)).message).toContain(`${stayed} 5 ms;`);
    expect(failureOf(openIt).message).toContain(`${stayed} 2000 ms;`);
    vi.spyOn(Atomics, "wait").mockReturnValue("timed-out");
    expect(failureOf(() => sqlite(connection)).message).toContain(`${stayed} 4000 ms;`);
    vi.restoreAllMocks();
    other.exec("COMMIT");
    ledger.close();
    connection.close();
    other.close();
  });

  test("a file that others keep locked", () => {
    const file = newFile();
    const [connection, other] = [open(file), open(file)];
    const ledger = openLedger(connection);
    other.exec("BEGIN IMMEDIATE");
    const error = failureOf(() => ask(ledger));
    expect(error.code).toBe("STORE_BUSY");
    expect(error.message).toMatch(SENTENCE);
    other.exec("COMMIT");
    expect(ask(ledger, 50_000).admitted).toBe(1);
    other.exec("BEGIN IMMEDIATE");
    // A refusal is a read.
    expect(ask(ledger).admitted).toBe(0);
    other.exec("COMMIT");
    ledger.close();
    connection.close();
    other.close();
  });
});

test("a connection that answers later is told at once", () => {
  const later = {
    get: () => Promise.resolve({ one: 1 }),
    all: () => [],
    run: () => ({ changes: 0 }),
  };
  const prepares = [
    () => later,
    () => Promise.resolve(later),
    () => ({ ...later, get: () => [1] }),
  ];
  for (const prepare of prepares) {
    const error = failureOf(() => sqlite({ prepare, exec: () => undefined } as never));
    expect(error.code).toBe("INVALID_OPTION");
    expect(error.message).toMatch(/answers at once/);
  }
});

test("what is no connection, or no name for a table", () => {
  const wrong = [undefined, null, {}, "limits.db"] as never[];
  for (const each of wrong) expect(failureOf(() => sqlite(each)).code).toBe("INVALID_OPTION");
  const connection = drivers[0]!.open(newFile());
  for (const table of ["", "a b", 'a"', "1a", "é", "x".repeat(41)]) {
    expect(failureOf(() => sqlite(connection, { table })).code).toBe("INVALID_OPTION");
  }
  connection.close();
});
