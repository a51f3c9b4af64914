/** Whatever was thrown, as it stands in the results. */

import { CliError } from "../cli-error.ts";

/** A failure as it stands in the results. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

/** The name, the message and the code of whatever was thrown. */
export function describeError(thrown: unknown): ErrorRecord {
  try {
    if (!isErrorLike(thrown)) return { name: "NonError", message: `thrown: ${show(thrown)}` };
    const { name, message, code, cause } = thrown;
    // A sentence of ours says of its cause what there is to say.
    const inner = isErrorLike(cause) && !(thrown instanceof CliError) ? cause : undefined;
    const innerCode = code ?? inner?.code;
    return {
      name: typeof name === "string" ? name : "Error",
      message: inner ? `${message}: ${inner.message || String(inner.code)}` : message,
      ...(typeof innerCode === "string" || typeof innerCode === "number"
        ? { code: innerCode }
        : {}),
    };
  } catch {
    return { name: "NonError", message: "thrown: something that cannot be read" };
  }
}

interface ErrorLike {
  readonly message: string;
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

function isErrorLike(value: unknown): value is ErrorLike {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<ErrorLike>).message === "string"
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null
    ? (JSON.stringify(value) ?? "an object")
    : String(value);
}
