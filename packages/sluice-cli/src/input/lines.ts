/** From text to lines, and the formats that have one row a line. */

import { CliError } from "../cli-error.ts";
import { describeError } from "../runner/result-record.ts";
import type { ParsedRow, ParsedRows } from "./parsed-row.ts";
import type { TextBlock } from "./text-blocks.ts";

interface Line {
  readonly text: string;
  readonly line: number;
  /** Whether it has its end; only the last line may lack it. */
  readonly ended: boolean;
}

/** Every line as a string, without its end. */
export async function* plainRows(blocks: AsyncIterable<TextBlock>): ParsedRows {
  for await (const block of blocks) yield plain(block);
}

/** Every line as JSON; blank lines are passed over. */
export async function* jsonRows(blocks: AsyncIterable<TextBlock>, name: string): ParsedRows {
  for await (const block of blocks) yield json(block, name);
}

/** The rows of a file of failures; a failure that has none could not be read in the first place. */
export async function* failedRows(blocks: AsyncIterable<TextBlock>, name: string): ParsedRows {
  for await (const block of blocks) yield failed(block, name);
}

function* plain(block: TextBlock): Generator<ParsedRow> {
  for (const { text, line } of linesOf(block)) yield { line, value: text };
}

function* json(block: TextBlock, name: string): Generator<ParsedRow> {
  for (const line of linesOf(block)) if (line.text.trim() !== "") yield jsonRow(line, name);
}

function* failed(block: TextBlock, name: string): Generator<ParsedRow> {
  for (const parsed of json(block, name)) {
    if ("problem" in parsed) yield parsed;
    else yield failedRow(parsed.value, parsed.line, name);
  }
}

function failedRow(failure: unknown, line: number, name: string): ParsedRow {
  if (typeof failure === "object" && failure !== null && "row" in failure) {
    return { line, value: failure.row };
  }
  const problem = new CliError(
    "ROW_INVALID",
    `line ${line} of ${name} has no "row" to run again; a failure without one could not be read or written as JSON: correct it in the input it came from.`,
  );
  return { line, problem };
}

function jsonRow({ text, line, ended }: Line, name: string): ParsedRow {
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (error) {
    const start = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
    if (!ended) {
      throw new CliError(
        "INPUT_CUT_OFF",
        `${name} is cut off in line ${line}, which is ${start}; all rows before it are done: complete that line and run it again.`,
      );
    }
    const problem = new CliError(
      "ROW_INVALID",
      `line ${line} of ${name} is not JSON (${describeError(error).message}): ${start}; write one JSON value a line.`,
    );
    return { line, problem };
  }
}

function* linesOf(block: TextBlock): Generator<Line> {
  let { line } = block;
  for (let from = 0; from < block.text.length; line += 1) {
    const at = block.text.indexOf("\n", from);
    const ended = at >= 0;
    const to = ended ? at : block.text.length;
    const text = block.text.slice(from, block.text[to - 1] === "\r" && to > from ? to - 1 : to);
    yield { text, line, ended };
    from = to + 1;
  }
}
