/**
 * Most steps on a key with one pace or one exact window change but a few numbers of its record. A
 * light record holds just these and names the full one that holds the rest, its **base**: one line of
 * a processor's cache is written and read by others instead of three or more. It is immutable as any
 * record is, and it and its base belong to the row until another full record takes their place.
 */

import { type Blocks, LIGHT } from "./blocks.ts";
import type { Draft } from "./draft.ts";
import { type Memory, UNIT } from "./layout.ts";
import { GOVERNED, HEADER, SEEN, TICKET } from "./record.ts";
import * as ring from "./ring.ts";
import type { Part } from "./shapes.ts";

/** Words of the block: its own (with the base in its other half), and since when the base is one. */
const BORN = 1;
const FIRST = 2;

/** Which numbers of a record a light one holds; none when there is more that changes. */
export function lightCells(parts: readonly Part[]): readonly number[] {
  const [part] = parts;
  if (!part || parts.length > 1) return [];
  if (part.limit.kind === "pace") return [SEEN, TICKET, ...[0, 1, 2, 3].map((i) => HEADER + i)];
  if (part.limit.kind !== "window") return [];
  const group = [ring.FIRST_GROUP, ring.FIRST_GROUP + 1];
  return [SEEN, TICKET, ...[ring.NEXT, ring.KNOWN, ...group].map((i) => HEADER + i)];
}

/** The full record of a block's: itself, or its base. Of a block that is no record: any block. */
export function baseOf({ halves }: Memory, block: number): number {
  return halves[block * UNIT * 2] === LIGHT ? halves[block * UNIT * 2 + 1]! : block;
}

/** The generation of the row in which the base became its record. */
export function bornOf({ numbers }: Memory, block: number): number {
  return numbers[block * UNIT + BORN]!;
}

/** Puts what a light record holds over its base. */
export function readLight({ numbers }: Memory, block: number, { cells, shape }: Draft): void {
  const { light, parts } = shape;
  const from = block * UNIT + FIRST;
  for (let i = 0; i < light.length; i++) cells[light[i]!] = numbers[from + i]!;
  if (parts[0]!.limit.kind === "window") cells[HEADER + ring.GROUPS] = 1;
}

/** A light record of a draft in a block of this thread; 0 when it takes a full one. */
export function writeLight({ halves, numbers }: Memory, blocks: Blocks, draft: Draft): number {
  const { cells, shape } = draft;
  const { light, parts } = shape;
  if (!draft.known || light.length === 0 || cells[GOVERNED] !== 0) return 0;
  if (parts[0]!.limit.kind === "window" && cells[HEADER + ring.GROUPS] !== 1) return 0;
  const block = blocks.take(LIGHT, UNIT);
  if (block === 0) return 0;
  halves[block * UNIT * 2 + 1] = draft.base;
  numbers[block * UNIT + BORN] = draft.born;
  const to = block * UNIT + FIRST;
  for (let i = 0; i < light.length; i++) numbers[to + i] = cells[light[i]!]!;
  return block;
}
