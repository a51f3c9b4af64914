/** From bytes to text, strictly UTF-8, in blocks of whole lines. */

import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";

export interface TextBlock {
  /** Whole lines with their ends; only the last line of the input may have none. */
  readonly text: string;
  /** The number of its first line, from 1. */
  readonly line: number;
}

const NEWLINE = 10;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes as the bytes come. Lines before one that is not UTF-8 are still given out.
 *
 * @param name - What the input is called in messages.
 */
export async function* textBlocks(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  longest: number = defaults.longestLine,
): AsyncGenerator<TextBlock> {
  let line = 1;
  let rest: Uint8Array[] = [];
  let restLength = 0;
  const take = function* (block: Uint8Array): Generator<TextBlock> {
    for (const text of decode(block, line, name)) {
      yield { text: line === 1 ? text.replace(/^\uFEFF/, "") : text, line };
      line += newlinesIn(text);
    }
  };
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield* take(Buffer.concat([...rest, chunk.subarray(0, end)]));
      rest = [];
      restLength = 0;
    }
    rest.push(chunk.subarray(end));
    restLength += chunk.length - end;
    if (restLength > longest) {
      throw new CliError(
        "INPUT_LINE_TOO_LONG",
        `line ${line} of ${name} is longer than ${longest} bytes; write one row a line.`,
      );
    }
  }
  if (restLength > 0) yield* take(Buffer.concat(rest));
}

/** The text of a block; when a line of it is not UTF-8, the text before that line, then the error. */
function* decode(block: Uint8Array, firstLine: number, name: string): Generator<string> {
  const whole = tryDecode(block);
  if (whole !== undefined) {
    yield whole;
    return;
  }
  let good = "";
  for (let line = firstLine, from = 0; ; line += 1) {
    const to = block.indexOf(NEWLINE, from) + 1 || block.length;
    const bytes = block.subarray(from, to);
    const text = tryDecode(bytes);
    if (text === undefined) {
      if (good !== "") yield good;
      throw endsInCharacter(bytes) ? cutOff(line, name) : notUtf8(line, name);
    }
    good += text;
    from = to;
  }
}

/** Whether all that is wrong with the bytes is that the last character is incomplete. */
function endsInCharacter(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function cutOff(line: number, name: string): CliError {
  return new CliError(
    "INPUT_CUT_OFF",
    `${name} is cut off in the middle of a character in line ${line}; all rows before it are done: complete that line and run it again.`,
  );
}

function notUtf8(line: number, name: string): CliError {
  return new CliError(
    "INPUT_NOT_UTF8",
    `line ${line} of ${name} is not UTF-8 text; convert the input to UTF-8 (it may be compressed, or in another encoding).`,
  );
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function newlinesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
