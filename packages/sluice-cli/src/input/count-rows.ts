import { createReadStream } from "node:fs";
import { defaults } from "../defaults.ts";
import type { Format } from "./format.ts";
import type { Input } from "./open-input.ts";

/**
 * How many rows a file has, when that is cheap to know: its lines. Blank lines and line breaks in
 * CSV fields make it an estimate, which the job corrects when it has read all.
 */
export async function countRows(
  { file, stats }: Pick<Input, "file" | "stats">,
  format: Format,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (!file || !stats || stats.size > defaults.countUpTo) return undefined;
  let lines = 0;
  let last = 10;
  try {
    for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
      last = bytes.at(-1) ?? last;
    }
  } catch {
    return undefined; // the job itself reports what is wrong with its input
  }
  if (last !== 10) lines += 1;
  return format === "csv" ? Math.max(0, lines - 1) : lines;
}
