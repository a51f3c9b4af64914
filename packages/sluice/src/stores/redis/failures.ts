/** What a client or a server says when something goes wrong, as a `StoreError`. */

import {
  SluiceError,
  StoreBusyError,
  StoreCorruptError,
  StoreUnavailableError,
} from "../../errors.ts";
import { show } from "../../time.ts";
import { commonFailure, messageOf } from "../remote/failures.ts";

/** The failure of a call for a row. */
export function failureOf(error: unknown, row: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = messageOf(error);
  const options = { cause: error };
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
  return (
    commonFailure("Redis", row, error) ??
    new StoreUnavailableError(`Redis did not decide (${message}); ${remedyFor(message)}.`, options)
  );
}

function remedyFor(message: string): string {
  if (message.startsWith("NOPERM")) return "give its user +eval, +evalsha and the keys";
  if (message.startsWith("READONLY")) return "connect to the primary, not to a replica";
  if (message.startsWith("OOM")) return "give it memory; its policy may evict only volatile keys";
  if (/unknown command/i.test(message)) return "it must allow scripts (EVAL and EVALSHA)";
  return "look at the client's connection and at the server";
}
