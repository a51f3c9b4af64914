/**
 * The arguments of a command with places for the row: `{}` is all of it, `{field}` and `{a.b}` are
 * parts of it, `{index}` is its number. Any other brace stands for itself, so that JSON needs no
 * escaping; `{{field}}` stands for `{field}`.
 */

import { CliError } from "../cli-error.ts";
import { textOf } from "./row-text.ts";

type Piece = string | { readonly path: readonly string[] };

/** One argument; a place alone takes what the row has as one argument, whatever is in it. */
export type ArgumentTemplate = readonly Piece[];

const PLACE = /\{\{([\w$-]+(?:\.[\w$-]+)*)?\}\}|\{([\w$-]+(?:\.[\w$-]+)*)?\}/g;

/**
 * The templates of a command's arguments. A command without a place gets the row as its last
 * argument, as xargs does it.
 */
export function parseCommand(words: readonly string[]): readonly ArgumentTemplate[] {
  const templates = words.map(parseArgument);
  const places = templates.some((template) => template.some((piece) => typeof piece !== "string"));
  return places ? templates : [...templates, [{ path: [] }]];
}

function parseArgument(word: string): ArgumentTemplate {
  const pieces: Piece[] = [];
  let text = "";
  let end = 0;
  for (const match of word.matchAll(PLACE)) {
    const [all, escaped, path] = match;
    text += word.slice(end, match.index);
    end = match.index + all.length;
    if (all.startsWith("{{")) {
      text += `{${escaped ?? ""}}`;
      continue;
    }
    if (text !== "") pieces.push(text);
    text = "";
    pieces.push({ path: path?.split(".") ?? [] });
  }
  text += word.slice(end);
  if (text !== "" || pieces.length === 0) pieces.push(text);
  return pieces;
}

/** Whether the argument is the same for every row. */
export function isFixed(template: ArgumentTemplate): boolean {
  return template.every((piece) => typeof piece === "string");
}

/**
 * The arguments for one row.
 *
 * @throws `FIELD_MISSING` when the row has no such part.
 */
export function fillCommand(
  templates: readonly ArgumentTemplate[],
  row: unknown,
  index: number,
): string[] {
  return templates.map((template) =>
    template
      .map((piece) => (typeof piece === "string" ? piece : textOf(partOf(row, piece.path, index))))
      .join(""),
  );
}

function partOf(row: unknown, path: readonly string[], index: number): unknown {
  let part = row;
  for (const [depth, name] of path.entries()) {
    if (typeof part === "object" && part !== null && Object.hasOwn(part, name)) {
      part = (part as Record<string, unknown>)[name];
      continue;
    }
    if (path.length === 1 && name === "index") return index; // a field of that name goes first
    throw missing(path, depth, part);
  }
  return part;
}

function missing(path: readonly string[], depth: number, part: unknown): CliError {
  const whole = depth === 0 ? "the row" : `"${path.slice(0, depth).join(".")}" of the row`;
  const what =
    typeof part === "object" && part !== null
      ? `${whole} has ${Object.keys(part).slice(0, 8).join(", ") || "no fields"}`
      : `${whole} is ${part === null ? "null" : `a ${typeof part}`}, which has no fields; see --format`;
  return new CliError(
    "FIELD_MISSING",
    `the command asks for {${path.join(".")}}, but ${what}; write {{${path.join(".")}}} if the braces are meant.`,
  );
}
