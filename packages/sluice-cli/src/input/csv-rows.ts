/** CSV and TSV with a header: every record as an object of strings. */

import { CsvError, type Parser, parse } from "csv-parse";
import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import type { ParsedRow, ParsedRows } from "./parsed-row.ts";
import type { TextBlock } from "./text-blocks.ts";

/**
 * Records before one whose quotes make no sense are still given out. Between tabs quotes are
 * characters like others, as in the format's registration.
 */
export async function* csvRows(
  blocks: AsyncIterable<TextBlock>,
  name: string,
  delimiter: "," | "\t",
): ParsedRows {
  let parsed: ParsedRow[] = [];
  const parser = parse({
    columns: (header: string[]) => checkHeader(header, name),
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: defaults.longestLine,
    delimiter,
    quote: delimiter === "," ? '"' : null,
    // Records are taken here and not from the stream, which drops them when it fails.
    on_record: (value: unknown, { lines, error }) => {
      parsed.push(
        error ? { line: lines, problem: wrongColumns(error, lines, name) } : { line: lines, value },
      );
      return null;
    },
  });
  parser.resume();
  parser.on("error", () => {}); // the callback of the write has it
  let unreadable: unknown;
  const texts = textsUntil(blocks, (error) => {
    unreadable = error; // thrown when the parser has given out what it still holds
  });
  const settle = function* (error: Error | undefined): Generator<ParsedRow[]> {
    const rows = parsed;
    parsed = [];
    yield rows;
    if (error) throw unreadable ?? asCliError(error, name);
  };
  for await (const text of texts) yield* settle(await feed(parser, text));
  yield* settle(await feed(parser, undefined));
  if (unreadable) throw unreadable;
}

async function* textsUntil(
  blocks: AsyncIterable<TextBlock>,
  failed: (error: unknown) => void,
): AsyncGenerator<string> {
  try {
    for await (const { text } of blocks) yield text;
  } catch (error) {
    failed(error);
  }
}

/** Hands over a piece of text, or the end, and waits until it is parsed. */
function feed(parser: Parser, text: string | undefined): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const done = (error?: Error | null): void => resolve(error ?? undefined);
    if (text === undefined) parser.end(done);
    else parser.write(text, done);
  });
}

function checkHeader(header: string[], name: string): string[] {
  if (header.some((column) => /\r(?!\n)/.test(column))) {
    throw new CliError(
      "INPUT_INVALID_CSV",
      `the header of ${name} has a carriage return in it; end lines with a line feed, with or without one before it.`,
    );
  }
  const twice = header.find((column, at) => header.indexOf(column) !== at);
  if (twice === undefined) return header;
  throw new CliError(
    "INPUT_INVALID_CSV",
    `the header of ${name} has the column "${twice}" twice; give every column a name of its own.`,
  );
}

function wrongColumns(error: CsvError, line: number, name: string): CliError {
  return new CliError(
    "ROW_INVALID",
    `line ${line} of ${name} does not fit its header (${error.message}); give every record one field a column.`,
  );
}

function asCliError(error: Error, name: string): Error {
  if (!(error instanceof CsvError)) return error;
  return new CliError(
    "INPUT_INVALID_CSV",
    `${name} is not valid CSV from here on (${error.message}); all rows before it are done: correct the quotes and run the rest again.`,
  );
}
