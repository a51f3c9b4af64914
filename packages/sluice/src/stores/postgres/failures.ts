/** What a client or a server says when something goes wrong, as a `StoreError`. */

import {
  SluiceError,
  StoreBusyError,
  StoreCorruptError,
  StoreTimeoutError,
  StoreUnavailableError,
} from "../../errors.ts";
import { show } from "../../time.ts";
import { commonFailure, messageOf } from "../remote/failures.ts";

/** The schema, a table, a function or a type is not there. */
const MISSING = new Set(["3F000", "42P01", "42883", "42704"]);
/** A deadlock, and what a stricter isolation than "read committed" makes of a wait. */
const AGAIN = new Set(["40P01", "40001"]);
/** A statement, a lock, or a transaction that took too long for the server: it took all of it back. */
const LATE = new Set(["57014", "55P03", "25P04"]);

/** @param what - What was asked for, such as the key "a" of "api". */
export function failureOf(error: unknown, schema: string, what: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = messageOf(error);
  const code = String((error as { code?: unknown } | undefined)?.code ?? "");
  const options = { cause: error };
  if (message.includes("SLUICE_CORRUPT")) {
    return new StoreCorruptError(
      `${what} in PostgreSQL lost a part of its state; reset() it, or choose another schema.`,
      options,
    );
  }
  const newer = /SLUICE_NEWER (\d+)/.exec(message);
  if (newer) {
    return new StoreCorruptError(
      `the schema ${show(schema)} has version ${newer[1]}, which a later Sluice made; update Sluice here, or choose another schema.`,
      options,
    );
  }
  if (AGAIN.has(code)) {
    return new StoreBusyError(
      `PostgreSQL gave way to others (${message}); ask again, and let its role have default_transaction_isolation = 'read committed'.`,
      options,
    );
  }
  if (LATE.has(code)) {
    return new StoreTimeoutError(
      `PostgreSQL gave up and took nothing (${message}); see what keeps its rows locked, or give its role more time.`,
      options,
    );
  }
  return (
    commonFailure("PostgreSQL", what, error) ??
    new StoreUnavailableError(
      `PostgreSQL did not decide (${message}); ${remedyFor(code, message, schema)}.`,
      options,
    )
  );
}

function remedyFor(code: string, message: string, schema: string): string {
  if (MISSING.has(code))
    return `run migrate() of this store once, or \`sluice migrate\`, which makes the schema ${show(schema)}`;
  if (code === "42501") {
    return `let the owner run migrate(), and grant this role USAGE on the schema ${show(schema)} and its sequences, SELECT, INSERT, UPDATE and DELETE on its tables, and EXECUTE on its functions`;
  }
  if (code === "25006") return "connect to the primary, not to a standby that only reads";
  if (code === "53100" || code === "53200" || code === "58030")
    return "give the server room on its disk and memory";
  if (code === "57P03" || code === "57P01" || code === "57P02")
    return "it starts or stops: ask again in a moment";
  if (code === "28P01" || code === "28000" || code === "3D000")
    return "look at the user, the password and the database that the client connects with";
  if (code === "53300") return "allow it more connections, or make the pools smaller";
  if (/closed|calling end|CONNECTION_(ENDED|CLOSED)/i.test(`${message} ${code}`)) {
    return "the client was closed: close it after the limiter, not before";
  }
  return "look at the client's connection and at the server";
}
