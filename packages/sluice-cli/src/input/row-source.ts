/** The rows of files, parsed as they are asked for. */

import type { Readable } from "node:stream";
import { CliError, systemReason } from "../cli-error.ts";
import type { BadRow, Row, RowSource } from "../runner/parts.ts";
import { csvRows } from "./csv-rows.ts";
import { plainBytes } from "./gunzip.ts";
import { failedRows, jsonRows, plainRows } from "./lines.ts";
import type { Input } from "./open-input.ts";
import type { ParsedRows } from "./parsed-row.ts";
import { textBlocks } from "./text-blocks.ts";

/** What a source needs to know of an input. */
type Readables = readonly Pick<Input, "bytes" | "name" | "format">[];

/**
 * The rows of all inputs, one after the other and counted through.
 *
 * @param first - Only so many rows; nothing behind them is looked at.
 */
export function fileRows(inputs: Readables, first: number = Number.POSITIVE_INFINITY): RowSource {
  let closed = false;
  let reading: Readable | undefined;
  const read = async function* (): AsyncGenerator<Row | BadRow> {
    let index = 0;
    for (const input of inputs) {
      if (closed || index >= first) return;
      reading = input.bytes();
      try {
        for await (const rows of parsedRows(reading, input)) {
          for (const row of rows) {
            yield { index, ...row };
            index += 1;
            if (index >= first) return;
          }
        }
      } catch (error) {
        if (closed) return; // what was being read when it was closed is of no interest
        throw asCliError(error, input.name);
      } finally {
        reading.destroy();
      }
    }
  };
  return {
    [Symbol.asyncIterator]: read,
    close: () => {
      closed = true;
      reading?.destroy();
    },
  };
}

function parsedRows(bytes: Readable, { name, format }: Readables[number]): ParsedRows {
  const blocks = textBlocks(plainBytes(bytes, name), name);
  switch (format) {
    case "jsonl":
      return jsonRows(blocks, name);
    case "failed":
      return failedRows(blocks, name);
    case "lines":
      return plainRows(blocks);
    case "csv":
      return csvRows(blocks, name, ",");
    case "tsv":
      return csvRows(blocks, name, "\t");
  }
}

function asCliError(error: unknown, name: string): CliError {
  if (error instanceof CliError) return error;
  return new CliError(
    "INPUT_UNREADABLE",
    `${name} cannot be read any further (${systemReason(error)}); all rows before it are done.`,
  );
}
