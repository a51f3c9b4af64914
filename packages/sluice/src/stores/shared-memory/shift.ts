/** A row whose clock was set back: its instants keep their distance to now. */

import type { Draft } from "./draft.ts";
import { GATE, SEEN } from "./record.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { loadState, saveState } from "../../limits/history.ts";
import { RING_HEADER } from "../../limits/window/ring.ts";

/** Moves all instants of a draft by so many microseconds. */
export function shift(draft: Draft, by: number): void {
  const { cells } = draft;
  draft.valid = false;
  cells[SEEN]! += by;
  if (cells[GATE] !== 0) cells[GATE] = Math.max(0, cells[GATE]! + by);
  draft.shape.parts.forEach(({ limit }, part) => {
    const now = cells[SEEN]!;
    const { cells: numbers, base } = draft.flat(part);
    if (limit.kind === "window") {
      for (let i = 0; i < numbers[base + 2]!; i++) numbers[base + RING_HEADER + i]! += by;
      numbers[base + 3] = Math.max(0, numbers[base + 3]! + by);
      draft.unflatten(part, { cells: numbers, base }, limit);
    } else if (limit.kind === "concurrency") {
      // What sums the slots up holds instants, too.
      for (let at = base + 3; at < base + slots.SLOTS_HEADER; at++) {
        if (numbers[at] !== 0) numbers[at] = Math.max(0, numbers[at]! + by);
      }
      for (let i = 0; i < numbers[base]!; i++) {
        const at = base + slots.SLOTS_HEADER + i;
        if (numbers[at] !== 0) numbers[at]! += numbers[at]! < 0 ? -by : by;
      }
    } else {
      const moment = { now, wall: now, since: now };
      const saved = saveState(limit, { cells: numbers, base }, moment);
      const place = { cells: numbers, base };
      loadState(limit, saved, by, { place: () => place, grow: () => undefined });
    }
  });
}
