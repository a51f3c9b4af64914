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

/** The instant whose period the script does not know; `undefined` for any other failure. */
export function missingBorder(error: unknown): number | undefined {
  const found = /SLUICE_BORDERS (-?\d+)/.exec(messageOf(error));
  return found ? Number(found[1]) : undefined;
}

/** The failure of a call for a row. */
export function failureOf(error: unknown, row: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = messageOf(error);
  const options = { cause: error };
  if (message.includes("SLUICE_CONFLICT")) {
    return new LimitsConflictError(
      `${show(row)} in Redis has another kind of limit under the same cost; give this limiter another name, or the same kinds of limits everywhere.`,
    );
  }
  if (/SLUICE_CORRUPT|^WRONGTYPE|data string too short/.test(message)) {
    return new StoreCorruptError(
      `${show(row)} in Redis was not written by this version of Sluice, or lost a part; delete it, or choose another prefix.`,
      options,
    );
  }
  if (message.startsWith("BUSY")) {
    return new StoreBusyError(
      `Redis runs a script of somebody else and takes no other (${message}); end it with SCRIPT KILL.`,
      options,
    );
  }
  if (/time[d ]*out/i.test(message)) {
    return new StoreTimeoutError(
      `Redis did not answer in time (${message}); what was asked may have happened.`,
      options,
    );
  }
  return new StoreUnavailableError(
    `Redis did not decide (${message}); ${remedyFor(message)}.`,
    options,
  );
}

function remedyFor(message: string): string {
  if (message.startsWith("NOPERM")) return "give its user +eval, +evalsha and the keys";
  if (message.startsWith("READONLY")) return "connect to the primary, not to a replica";
  if (message.startsWith("OOM")) return "give it memory; its policy may evict only volatile keys";
  if (/unknown command/i.test(message)) return "it must allow scripts (EVAL and EVALSHA)";
  return "look at the client's connection and at the server";
}

function messageOf(error: unknown): string {
  return String((error as Error | undefined)?.message ?? error);
}
