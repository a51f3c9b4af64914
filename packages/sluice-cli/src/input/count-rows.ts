/** How many rows there will be, when that is cheap to know. */

import { createReadStream } from "node:fs";
import { defaults } from "../defaults.ts";
import type { Input } from "./open-input.ts";

type Countable = Pick<Input, "file" | "stats" | "format">;

/**
 * The lines of plain files. Blank lines and line breaks in CSV fields make it an estimate, which the
 * job corrects when it has read all. Undefined for what is large, compressed or not a file.
 */
export async function countRows(
  inputs: readonly Countable[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const bytes = inputs.reduce((sum, { stats }) => sum + (stats?.size ?? 0), 0);
  if (bytes > defaults.countUpTo) return undefined;
  let rows = 0;
  for (const input of inputs) {
    const counted = await rowsIn(input, signal);
    if (counted === undefined) return undefined;
    rows += counted;
  }
  return rows;
}

/** The length of what has one. */
export function countOf(iterable: unknown): number | undefined {
  if (Array.isArray(iterable)) return iterable.length;
  return iterable instanceof Set || iterable instanceof Map ? iterable.size : undefined;
}

async function rowsIn(
  { file, format }: Countable,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (!file) return undefined;
  let lines = 0;
  let last = 10;
  let first: number | undefined;
  try {
    for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer;
      first ??= bytes[0];
      if (first === 0x1f) return undefined; // gzip
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
      last = bytes.at(-1) ?? last;
    }
  } catch {
    return undefined; // the job itself reports what is wrong with its input
  }
  if (last !== 10) lines += 1;
  return format === "csv" || format === "tsv" ? Math.max(0, lines - 1) : lines;
}
