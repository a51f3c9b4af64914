/** Texts in blocks: UTF-16 as it is, lone surrogates included. Written once, before they are named. */

import type { Blocks } from "./blocks.ts";
import { PLAIN } from "./blocks.ts";
import { type Memory, UNIT } from "./layout.ts";

/** A name and a key; without a key it is the limiter's own row. */
export interface Title {
  readonly name: string;
  readonly key: string | undefined;
}

/** Words before the first letter: the block's own, and the two lengths. */
const HEAD = 2;

/** The block of the text; 0 when there is no room. */
export function writeTitle(memory: Memory, blocks: Blocks, { name, key }: Title): number {
  const length = name.length + (key?.length ?? 0);
  const unit = blocks.take(PLAIN, HEAD + Math.ceil(length / 4));
  if (unit === 0) return 0;
  const word = unit * UNIT;
  memory.halves[(word + 1) * 2] = name.length;
  memory.halves[(word + 1) * 2 + 1] = key === undefined ? -1 : key.length;
  const start = (word + HEAD) * 4;
  for (let i = 0; i < name.length; i++) memory.units[start + i] = name.charCodeAt(i);
  if (key === undefined) return unit;
  const from = start + name.length;
  for (let i = 0; i < key.length; i++) memory.units[from + i] = key.charCodeAt(i);
  return unit;
}

export function isTitle(memory: Memory, unit: number, { name, key }: Title): boolean {
  const word = unit * UNIT;
  const { halves, units } = memory;
  if (halves[(word + 1) * 2] !== name.length) return false;
  if (halves[(word + 1) * 2 + 1] !== (key === undefined ? -1 : key.length)) return false;
  const start = (word + HEAD) * 4;
  for (let i = 0; i < name.length; i++) if (units[start + i] !== name.charCodeAt(i)) return false;
  if (key === undefined) return true;
  const from = start + name.length;
  for (let i = 0; i < key.length; i++) if (units[from + i] !== key.charCodeAt(i)) return false;
  return true;
}

/** May be nonsense when the row is forgotten meanwhile; the caller looks at the row again. */
export function readTitle(memory: Memory, unit: number, most: number): Title {
  const word = unit * UNIT;
  const lengths = [memory.halves[(word + 1) * 2]!, memory.halves[(word + 1) * 2 + 1]!];
  const [name = 0, key = 0] = lengths.map((length) => Math.min(length, most * 4));
  const start = (word + HEAD) * 4;
  return {
    name: letters(memory, start, name),
    key: key < 0 ? undefined : letters(memory, start + name, key),
  };
}

function letters({ units }: Memory, start: number, length: number): string {
  const parts: string[] = [];
  for (let i = 0; i < length; i += 4_096) {
    parts.push(
      String.fromCharCode(...units.subarray(start + i, start + Math.min(length, i + 4_096))),
    );
  }
  return parts.join("");
}

/** 32 bits that spread (FNV-1a, with a last stir for the low bits). */
export function hashOf({ name, key }: Title): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (key === undefined ? 0x1_0001 : 0x1_0000), 0x01000193);
  if (key !== undefined) {
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x45d9f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
