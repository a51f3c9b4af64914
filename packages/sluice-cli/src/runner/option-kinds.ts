/** What kind of value each option of a job takes: configurations are written without types too. */

import { CliError } from "../cli-error.ts";
import { formats } from "../input/format.ts";
import { outputFormats } from "../output/find-outputs.ts";
import type { JobOptions } from "./job-options.ts";

interface Kind {
  /** What follows "is" in a sentence. */
  readonly words: string;
  holds(value: unknown): boolean;
}

const anything: Kind = { words: "anything", holds: () => true };
const text: Kind = { words: "a text that is not empty", holds: isText };
const flag: Kind = { words: "true or false", holds: (value) => typeof value === "boolean" };
const journal: Kind = {
  words: "true, false, or the path of a file",
  holds: (value) => flag.holds(value) || isText(value),
};
const columns: Kind = {
  words: 'a list of different names such as ["id", "name"]',
  holds: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(isText) &&
    new Set(value).size === value.length,
};
const limits: Kind = {
  words: 'a limit such as "100/s", or a list of them',
  holds: (value) => (Array.isArray(value) ? value : [value]).every(isLimit),
};
const limiters: Kind = {
  words: "an object with limits by the name of their limiter",
  holds: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};
const listener: Kind = { words: "a function", holds: (value) => typeof value === "function" };
const signal: Kind = {
  words: "an AbortSignal",
  holds: (value) => value instanceof EventTarget && "aborted" in value,
};
const store: Kind = {
  words: 'an address such as "redis://host", or a store of the library that processes share',
  holds: (value) =>
    isText(value) ||
    (typeof value === "object" && value !== null && "open" in value && "grace" in value),
};
const duration: Kind = {
  words: 'a duration, in milliseconds or as a text such as "250ms"',
  holds: (value) => typeof value === "number" || typeof value === "string",
};

/** `anything` is checked where its value is used. */
const kinds: Readonly<Record<keyof JobOptions, Kind>> = {
  module: { words: "the path of a .ts or .js file", holds: isText },
  input: anything,
  format: oneOf(formats),
  first: anything,
  output: text,
  outputFormat: oneOf(outputFormats),
  columns,
  failed: text,
  ordered: flag,
  ahead: anything,
  force: flag,
  journal,
  resume: flag,
  limits,
  perWorker: limits,
  limiters,
  store,
  name: text,
  grace: duration,
  storeTimeout: anything,
  margin: duration,
  workers: anything,
  concurrency: anything,
  isolation: oneOf(["process", "thread", "none"]),
  memory: anything,
  data: anything,
  retries: anything,
  backoff: anything,
  maxBackoff: anything,
  timeout: anything,
  crashes: anything,
  onError: oneOf(["continue", "stop"]),
  onResult: listener,
  signal,
};

/** @throws `USAGE` for an option that is misspelt or has a value of another kind. */
export function checkKinds(options: JobOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) {
      const names = Object.keys(kinds).join(", ");
      throw new CliError("USAGE", `a job has no option "${name}"; its options are ${names}.`);
    }
    const kind = kinds[name as keyof JobOptions];
    if (value === undefined || kind.holds(value)) continue;
    throw new CliError("USAGE", `${name} is ${kind.words}; got ${shown(value)}.`);
  }
}

/** A value as a sentence shows it. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function oneOf(allowed: readonly string[]): Kind {
  return {
    words: allowed.map((each) => `"${each}"`).join(" or "),
    holds: (value) => allowed.includes(value as string),
  };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isLimit(value: unknown): boolean {
  return isText(value) || (typeof value === "object" && value !== null && "kind" in value);
}
