import { CliError, systemReason } from "../cli-error.ts";
import type { BadRow, Row, RowSource } from "../runner/parts.ts";
import { csvRows } from "./csv-rows.ts";
import type { Format } from "./format.ts";
import { jsonRows, plainRows } from "./lines.ts";
import type { Input } from "./open-input.ts";
import { textBlocks } from "./text-blocks.ts";

/** The rows of an input, parsed as they are asked for. */
export function rowSource(
  { bytes, name }: Pick<Input, "bytes" | "name">,
  format: Format,
): RowSource {
  let closed = false;
  const read = async function* (): AsyncGenerator<Row | BadRow> {
    const blocks = textBlocks(bytes, name);
    try {
      if (format === "jsonl") yield* jsonRows(blocks, name);
      else if (format === "csv") yield* csvRows(blocks, name);
      else yield* plainRows(blocks);
    } catch (error) {
      if (closed) return; // what was being read when it was closed is of no interest
      if (error instanceof CliError) throw error;
      throw new CliError(
        "INPUT_UNREADABLE",
        `${name} cannot be read any further (${systemReason(error)}); all rows before it are done.`,
      );
    }
  };
  return {
    [Symbol.asyncIterator]: read,
    close: () => {
      closed = true;
      bytes.destroy();
    },
  };
}
