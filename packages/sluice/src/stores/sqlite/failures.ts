/** What SQLite reports, as the store's errors: one sentence each. */

import {
  StoreBusyError,
  StoreCorruptError,
  type StoreError,
  StoreUnavailableError,
} from "../../errors.ts";

const BUSY = 5;
const LOCKED = 6;
const SHORT_READ = 522;

/** Primary result codes by name, as better-sqlite3 tells them; `node:sqlite` tells numbers. */
const CODES: Readonly<Record<string, number>> = {
  SQLITE_PERM: 3,
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: LOCKED,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_NOTADB: 26,
};

/** For errors that carry no code, as some of @photostructure/sqlite. */
const TEXTS: readonly (readonly [said: RegExp, code: number])[] = [
  [/is locked/, BUSY],
  [/readonly database/, 8],
  [/disk I\/O error/, 10],
  [/unable to open/, 14],
  [/malformed/, 11],
  [/is full/, 13],
  [/not a database/, 26],
];

/** The primary result code; 0 for what is none of SQLite's. */
function codeOf(error: unknown): number {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (typeof errcode === "number") return errcode & 0xff;
  const [name] = /^SQLITE_[A-Z]+/.exec(String(code)) ?? [""];
  const known = CODES[name];
  if (known !== undefined || !(error instanceof Error)) return known ?? 0;
  return TEXTS.find(([said]) => said.test(error.message))?.[1] ?? 0;
}

/** Whether less could be read than there should be. */
function isCutShort(error: unknown): boolean {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return errcode === SHORT_READ || code === "SQLITE_IOERR_SHORT_READ";
}

/** Whether another connection has the lock. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === BUSY || code === LOCKED;
}

/** @param ms - How long it was tried; absent for what is not tried again. */
export function busy(cause: unknown, ms?: number): StoreError {
  const locked =
    ms === undefined
      ? "is locked by another connection"
      : `stayed locked by other connections for ${ms} ms`;
  return new StoreBusyError(
    `the SQLite file ${locked}; try again soon, or keep long transactions off this file.`,
    { cause },
  );
}

/** The error to be thrown instead of SQLite's own. */
export function failureOf(cause: unknown): StoreError {
  const said = cause instanceof Error ? cause.message : String(cause);
  switch (codeOf(cause)) {
    case BUSY:
    case LOCKED:
      return busy(cause);
    case 3:
    case 8:
      return new StoreUnavailableError(
        "the SQLite file cannot be written, and a limiter must note what it admits; open it with write permission for the file and its folder.",
        { cause },
      );
    case 10:
      return isCutShort(cause) ? malformed(said, cause) : unreadable(said, cause);
    case 11:
      return malformed(said, cause);
    case 14:
      return new StoreUnavailableError(
        `the SQLite file, or those that SQLite makes beside it, cannot be opened (${said}); see that its folder is there and can be written.`,
        { cause },
      );
    case 13:
      return new StoreUnavailableError(
        "the disk or the quota of the SQLite file is full, so nothing can be admitted; free some space.",
        { cause },
      );
    case 26:
      return new StoreCorruptError(
        "the file is no SQLite database, so it holds no limits of Sluice; give the limiter a file of its own.",
        { cause },
      );
    default:
      return other(said, cause);
  }
}

function malformed(said: string, cause: unknown): StoreError {
  return new StoreCorruptError(
    `the SQLite file is damaged or was cut short (${said}); restore it, or delete it to start with everything free.`,
    { cause },
  );
}

/** Not only of a disk that fails: also of one with no room for the files beside it. */
function unreadable(said: string, cause: unknown): StoreError {
  return new StoreUnavailableError(
    `the SQLite file cannot be read or written (${said}); see that its disk has room and is sound, and that the file was not cut short.`,
    { cause },
  );
}

function other(said: string, cause: unknown): StoreError {
  if (/within a transaction/.test(said)) return transactionOpen();
  if (/not open|closed/i.test(said)) return closed(cause);
  return new StoreUnavailableError(
    `SQLite failed (${said}); the file and its connection need a look.`,
    { cause },
  );
}

export function closed(cause?: unknown): StoreError {
  return new StoreUnavailableError(
    "the SQLite connection is closed; close it only after the limiter.",
    { cause },
  );
}

export function transactionOpen(): StoreError {
  return new StoreUnavailableError(
    "the SQLite connection has a transaction of its own open, which could take admissions back; give the limiter a connection of its own.",
  );
}

/** What was read does not fit together. */
export function damaged(what: string): StoreError {
  return new StoreCorruptError(
    `${what} in the SQLite file does not have the form that Sluice writes; restore the file, or delete it to start with everything free.`,
  );
}
