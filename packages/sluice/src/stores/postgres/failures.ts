/** What a client or a server says when something goes wrong, as a `StoreError`. */

import {
  LimitsConflictError,
  SluiceError,
  StoreBusyError,
  StoreCorruptError,
  StoreTimeoutError,
  StoreUnavailableError,
} from "../../errors.ts";
import { show } from "../../time.ts";

/** The clock of the server was set back: what is there must be moved with it first. */
export function isJump(error: unknown): boolean {
  return messageOf(error).includes("SLUICE_JUMP");
}

/** The instant whose period the functions do not know; `undefined` for any other failure. */
export function missingBorder(error: unknown): number | undefined {
  const found = /SLUICE_BORDERS (-?\d+)/.exec(messageOf(error));
  return found ? Number(found[1]) : undefined;
}

/** The schema, a table, a function or a type is not there. */
const MISSING = new Set(["3F000", "42P01", "42883", "42704"]);
/** A deadlock, and what a stricter isolation than "read committed" makes of a wait. */
const AGAIN = new Set(["40P01", "40001"]);
/** A statement, a lock, or a transaction that took too long. */
const LATE = new Set(["57014", "55P03", "25P04"]);

/** The failure of a call for what `what` names. */
export function failureOf(error: unknown, schema: string, what: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = messageOf(error);
  const code = String((error as { code?: unknown } | undefined)?.code ?? "");
  const options = { cause: error };
  if (message.includes("SLUICE_CONFLICT")) {
    return new LimitsConflictError(
      `${show(what)} in PostgreSQL has another kind of limit under the same cost; give this limiter another name, or the same kinds of limits everywhere.`,
    );
  }
  if (message.includes("SLUICE_CORRUPT")) {
    return new StoreCorruptError(
      `${show(what)} in PostgreSQL lost a part of its state; reset() it, or choose another schema.`,
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
  if (LATE.has(code) || /time[d ]*out/i.test(message)) {
    return new StoreTimeoutError(
      `PostgreSQL did not answer in time (${message}); what was asked may have happened.`,
      options,
    );
  }
  return new StoreUnavailableError(
    `PostgreSQL did not decide (${message}); ${remedyFor(code, message, schema)}.`,
    options,
  );
}

function remedyFor(code: string, message: string, schema: string): string {
  if (MISSING.has(code))
    return `run migrate() of this store once, which makes the schema ${show(schema)}`;
  if (code === "42501") {
    return `let the owner run migrate(), and grant this role USAGE on the schema ${show(schema)} and its sequences, and SELECT, INSERT, UPDATE and DELETE on its tables`;
  }
  if (code === "25006") return "connect to the primary, not to a standby that only reads";
  if (code === "53100" || code === "53200") return "give the server room on its disk and memory";
  if (code === "53300") return "allow it more connections, or make the pools smaller";
  if (/closed|calling end|CONNECTION_(ENDED|CLOSED)/i.test(`${message} ${code}`)) {
    return "the client was closed: close it after the limiter, not before";
  }
  return "look at the client's connection and at the server";
}

function messageOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown[] };
  // Who tried several addresses says why for each of them, and nothing else.
  if (message === "" && errors?.[0] !== undefined) return messageOf(errors[0]);
  return String(message ?? error);
}
