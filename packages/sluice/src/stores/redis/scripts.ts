/**
 * One script for each verb and set of kinds, made of the fragments: a script defines its functions
 * anew whenever it runs, so it has only those that its plan needs.
 */

import type { Call, Connection } from "./client.ts";
import { KINDS, STORE } from "./decide.lua.ts";

export type Verb = "reserve" | "amend" | "look" | "quick";

const PRELUDE = [
  "local unpack, pack = struct.unpack, struct.pack",
  "local NEVER = math.huge",
  "local kinds = {}",
].join("\n");

/** The text of a script for these kinds of limits. */
export function scriptOf(verb: Verb, kinds: readonly string[]): string {
  if (verb === "quick") return KINDS[kinds[0]!]!.quick;
  const used = Object.entries(KINDS).filter(([kind]) => kinds.includes(kind));
  return [
    `local shifts = ${verb === "amend"}`,
    PRELUDE,
    STORE.row,
    ...used.map(([, lua]) => lua.decide),
    ...(verb === "reserve" ? [] : used.map(([, lua]) => lua[verb])),
    STORE.plan,
    STORE[verb],
  ].join("\n");
}

/** One script, and what EVALSHA calls it. */
export interface Script {
  readonly text: string;
  sha: string | Promise<string>;
}

const scripts = new Map<string, Script>();

export function scriptFor(verb: Verb, kinds: string): Script {
  const name = `${verb} ${kinds}`;
  let script = scripts.get(name);
  if (!script) {
    const text = scriptOf(verb, kinds.split(" "));
    script = { text, sha: sha1(text) };
    scripts.set(name, script);
  }
  return script;
}

/**
 * Runs a script by its hash, and by its text where the server does not know it (any more); goes on
 * with `done` or `failed` without a promise of its own in between.
 */
export function runScript<T>(
  connection: Connection,
  script: Script,
  call: Call,
  done: (reply: unknown) => T | Promise<T>,
  failed: (error: unknown) => never,
): Promise<T> {
  const heal = (error: unknown): Promise<T> => {
    if (!String((error as Error | undefined)?.message).startsWith("NOSCRIPT")) return failed(error);
    return connection.eval(script.text, call).then(done, failed);
  };
  if (typeof script.sha === "string") return connection.evalSha(script.sha, call).then(done, heal);
  return prepare(script).then((sha) => connection.evalSha(sha, call).then(done, heal));
}

async function prepare(script: Script): Promise<string> {
  script.sha = await script.sha;
  return script.sha;
}

async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
