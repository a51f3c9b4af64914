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
  const message = withoutPlace(messageOf(error));
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
    commonFailure("Redis", show(row), error) ??
    new StoreUnavailableError(`Redis did not decide (${message}); ${remedyFor(message)}.`, options)
  );
}

function remedyFor(message: string): string {
  // Valkey has words of its own for it.
  if (/^NOPERM|The user executing the script|ACL failure/.test(message)) {
    return "give its user +eval, +evalsha, what the scripts call (+@read +@write +time +publish), and the keys";
  }
  if (/^(NOAUTH|WRONGPASS)/.test(message)) return "give the client its user and password";
  if (message.startsWith("READONLY")) return "connect to the primary, not to a replica";
  if (message.startsWith("OOM")) {
    return "give it memory, and leave its maxmemory-policy at noeviction, for every other one forgets limits";
  }
  if (message.startsWith("MISCONF")) return "let it save to its disk again";
  if (/^(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)/.test(message))
    return "ask again when it is ready";
  if (/unknown command/i.test(message)) return "it must allow scripts (EVAL and EVALSHA)";
  if (/client is closed|connection is closed|client is offline/i.test(message)) {
    return "connect the client before it is used, and close it after the limiter";
  }
  return "look at the client's connection and at the server";
}

/** What the server says, without where in a script it says so. */
function withoutPlace(message: string): string {
  return message.replace(/\.?,? script: \w+, on @\w+:\d+\.?$/, "").replace(/\.$/, "");
}
