/** What the entries of a row's tail mean: each is an admission at an instant, after those before it. */

import type { WindowLimit } from "../../limits/limit.ts";
import * as pace from "../../limits/pace/pace.ts";
import type { Draft } from "./draft.ts";
import { HEADER, SEEN, TICKET } from "./record.ts";
import * as ring from "./ring.ts";

/** Takes over what was admitted since the reading; false when the row has moved on. */
export function follow(draft: Draft): boolean {
  const { cells, tail } = draft;
  draft.valid = true;
  if (!tail.look()) return true;
  const { limit } = draft.shape.parts[0]!;
  cells[TICKET]! += tail.found;
  if (limit.kind === "window") followInRing(draft, limit);
  else if (limit.kind === "pace") {
    for (let cost = tail.next(); cost !== 0; cost = tail.next()) {
      const { instant } = tail;
      pace.commit(limit, cells, HEADER, cost, instant, instant, instant);
    }
  }
  cells[SEEN] = tail.instant;
  return draft.valid;
}

/** Who makes an entry has taken those before it into the ring: only the newest may be missing. */
function followInRing(draft: Draft, limit: WindowLimit): void {
  const { cells, tail } = draft;
  let newest = tail.next();
  for (let cost = tail.next(); cost !== 0; cost = tail.next()) {
    ring.skip(cells, HEADER, newest);
    draft.entered += newest;
    newest = cost;
  }
  enterOne(draft, limit, newest, tail.instant);
}

/** Whether a row's only state, a ring, admits a cost now, and nothing but an entry is needed for it. */
export function hasRoom(draft: Draft, limit: WindowLimit, cost: number, now: number): boolean {
  const { cells, memory } = draft;
  return (
    // Within a generation each slot is entered once: a late entry meets nothing newer there.
    draft.entered + cost <= cells[HEADER + ring.CAPACITY]! &&
    ring.covers(limit, cells, HEADER) &&
    ring.fits(memory, limit, cells, HEADER, cost, now) &&
    ring.earliest(memory, limit, cells, HEADER, cost, now) === now
  );
}

/** Takes one entry into the ring. */
export function enterOne(draft: Draft, limit: WindowLimit, cost: number, instant: number): void {
  const { cells, generation, headAt, memory } = draft;
  ring.commit(limit, cells, HEADER, cost, instant);
  draft.entered += cost;
  // When the row has moved on, others have entered it, and what was read is not in force any more.
  if (!ring.enter(memory, cells, HEADER, headAt, generation)) draft.valid = false;
}
