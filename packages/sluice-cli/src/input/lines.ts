/** From text to lines, and the formats that have one row a line. */

import { CliError } from "../cli-error.ts";
import type { BadRow, Row } from "../runner/parts.ts";
import { describeError } from "../runner/result-record.ts";
import type { TextBlock } from "./text-blocks.ts";

interface Line {
  readonly text: string;
  readonly line: number;
  /** Whether it has its end; only the last line may lack it. */
  readonly ended: boolean;
}

/** Every line as a string, without its end. */
export async function* plainRows(blocks: AsyncIterable<TextBlock>): AsyncGenerator<Row> {
  let index = 0;
  for await (const { text, line } of linesOf(blocks)) {
    yield { index, line, value: text };
    index += 1;
  }
}

/** Every line as JSON; blank lines are passed over. */
export async function* jsonRows(
  blocks: AsyncIterable<TextBlock>,
  name: string,
): AsyncGenerator<Row | BadRow> {
  let index = 0;
  for await (const { text, line, ended } of linesOf(blocks)) {
    if (text.trim() === "") continue;
    yield jsonRow(index, { text, line, ended }, name);
    index += 1;
  }
}

function jsonRow(index: number, { text, line, ended }: Line, name: string): Row | BadRow {
  try {
    return { index, line, value: JSON.parse(text) as unknown };
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
    return { index, line, problem };
  }
}

async function* linesOf(blocks: AsyncIterable<TextBlock>): AsyncGenerator<Line> {
  for await (const block of blocks) {
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
}
