import { type Duration, SluiceError, window } from "sluice";
import { CliError } from "../cli-error.ts";

/**
 * A duration in milliseconds.
 *
 * @param what - Where it was given, for the message.
 * @throws `USAGE` for what is no duration.
 */
export function millisOf(duration: Duration, what: string): number {
  try {
    const limit = window(1, duration);
    return limit.kind === "window" ? limit.rates[0]!.span / 1e3 : 0;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new CliError(
      "USAGE",
      `${what} is a duration above 0, in milliseconds or as a text such as "250ms", "30s" or "5m"; got ${JSON.stringify(duration)}.`,
    );
  }
}
