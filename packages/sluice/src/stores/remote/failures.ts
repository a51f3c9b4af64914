/** What the servers' scripts and functions say when they cannot go on, and failures that all servers have. */

import { LimitsConflictError, StoreTimeoutError } from "../../errors.ts";

/** The clock of the server was set back: what is there must be moved with it first. */
export function isJump(error: unknown): boolean {
  return messageOf(error).includes("SLUICE_JUMP");
}

/** The instant whose period the server does not know; `undefined` for any other failure. */
export function missingBorder(error: unknown): number | undefined {
  const found = /SLUICE_BORDERS (-?\d+)/.exec(messageOf(error));
  return found ? Number(found[1]) : undefined;
}

/** The failure that has the same meaning on each server; `server` is its name, `what` what was asked for. */
export function commonFailure(
  server: string,
  what: string,
  error: unknown,
): LimitsConflictError | StoreTimeoutError | undefined {
  const message = messageOf(error);
  if (message.includes("SLUICE_CONFLICT")) {
    return new LimitsConflictError(
      `${what} in ${server} has another kind of limit under the same cost; give this limiter another name, or the same kinds of limits everywhere.`,
    );
  }
  if (!/time[d ]*out/i.test(message)) return undefined;
  return new StoreTimeoutError(
    `${server} did not answer in time (${message}), and what was asked may have happened; see what keeps it busy, or give it more time.`,
    { cause: error },
  );
}

export function messageOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown[] };
  // Who tried several addresses says why for each of them, and nothing else.
  if (message === "" && errors?.[0] !== undefined) return messageOf(errors[0]);
  return String(message ?? error);
}
