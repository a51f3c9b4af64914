/** What becomes of an admission afterwards: settled, cancelled, released, renewed. */

import { capacityOf, refundTo } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { isHeld, type Moment, NEVER } from "../../limits/limit.ts";
import type { Change } from "../store.ts";
import type { Bound } from "./bound.ts";
import type { Draft } from "./draft.ts";
import { BIRTH } from "./record.ts";

type Settlement = Extract<Change, { kind: "settle" | "cancel" }>;

/** What is done to an admission. */
export type Amendment = Settlement | Extract<Change, { kind: "release" | "renew" }>;

/** Changes the drafts; says whether anything changed, and whether a lease was lost. */
export function changeBoth(
  bound: Bound,
  key: Draft,
  root: Draft,
  change: Amendment,
  moment: Moment,
): { done: boolean; isLost: boolean } {
  const result = { done: false, isLost: false };
  for (const draft of bound.plan.hasShared ? [key, root] : [key]) {
    const shared = draft === root;
    draft.valid = false;
    const binding = bound.counterparts(draft, shared);
    if ("taken" in change) {
      if (settle(bound, draft, binding, change, moment)) result.done = true;
      if (charge(bound, draft, shared, change, moment)) result.done = true;
    } else if (change.kind === "release") {
      if (release(bound, draft, binding, change.ticket, moment)) result.done = true;
    } else {
      const { renewed, isLost } = renew(bound, draft, binding, change, moment);
      if (renewed) result.done = true;
      if (isLost) result.isLost = true;
    }
  }
  return result;
}

/** Gives back what was not used. Says whether anything changed. */
function settle(
  bound: Bound,
  draft: Draft,
  binding: readonly number[],
  change: Settlement,
  moment: Moment,
): boolean {
  const { taken, actual, at, ticket } = change;
  // An admission before this life of the row was forgotten with it.
  if (draft.row === 0 || ticket <= draft.cells[BIRTH]!) return false;
  let changed = false;
  binding.forEach((part, i) => {
    const units = taken[i]! - actual[i]!;
    if (part < 0 || units <= 0) return;
    const { limit } = draft.shape.parts[part]!;
    // A debt that was carried over in units no longer tells which admission it is from.
    if (limit.kind === "pace" && JSON.stringify(limit) !== JSON.stringify(bound.limits[i])) return;
    const place = draft.flat(part);
    refundTo(limit, place, { units, cost: taken[i]!, at, ticket }, moment);
    if (limit.kind === "window") draft.unflatten(part, place, limit);
    changed = true;
  });
  return changed;
}

/** Takes the rest at its own earliest instant, in pieces that the limit can hold. */
function charge(
  bound: Bound,
  draft: Draft,
  shared: boolean,
  { taken, actual }: Settlement,
  moment: Moment,
): boolean {
  const { rules } = bound.plan;
  const more = (i: number): number =>
    rules[i]!.shared === shared && bound.limits[i]!.kind !== "concurrency"
      ? actual[i]! - taken[i]!
      : 0;
  if (!rules.some((_, i) => more(i) > 0)) return false;
  const binding = bound.bind(draft, shared, moment);
  rules.forEach((_, i) => {
    const limit = bound.limits[i]!;
    const piece = limit.kind === "pace" ? more(i) : capacityOf(limit);
    for (let left = more(i); left > 0; left -= piece) {
      const cost = Math.min(left, piece);
      const earliest = draft.earliest(binding[i]!, limit, cost, moment);
      const at = earliest === NEVER || isHeld(earliest) ? moment.now : earliest;
      // A log notes a few instants a step; the rest is entered in one piece.
      if (!draft.takes(binding[i]!, limit, at)) draft.compact(binding[i]!, limit);
      draft.commit(binding[i]!, limit, cost, at, moment, 0);
    }
  });
  return true;
}

/** Frees what a ticket holds. */
function release(
  bound: Bound,
  draft: Draft,
  binding: readonly number[],
  ticket: number,
  moment: Moment,
): boolean {
  let freed = 0;
  binding.forEach((part, i) => {
    const limit = bound.limits[i]!;
    if (part < 0 || limit.kind !== "concurrency") return;
    const { cells, base } = draft.place(part);
    freed += slots.release(limit, cells, base, ticket, moment.now);
  });
  return freed > 0;
}

/** Extends leases; lost is one that has ended where the ticket holds something. */
function renew(
  bound: Bound,
  draft: Draft,
  binding: readonly number[],
  { ticket, held }: Extract<Change, { kind: "renew" }>,
  moment: Moment,
): { renewed: boolean; isLost: boolean } {
  const result = { renewed: false, isLost: false };
  binding.forEach((part, i) => {
    const limit = bound.limits[i]!;
    if (bound.plan.rules[i]!.limit.kind !== "concurrency" || part < 0) return;
    if (limit.kind !== "concurrency" || held[i] === 0) return;
    const { cells, base } = draft.place(part);
    const isRenewed =
      isLive(cells, base, ticket, moment.now) &&
      slots.renew(cells, base, ticket, moment.now + limit.lease);
    if (isRenewed) result.renewed = true;
    else result.isLost = true;
  });
  return result;
}

function isLive(cells: Float64Array, base: number, ticket: number, now: number): boolean {
  const capacity = cells[base]!;
  for (let i = 0; i < capacity; i++) {
    const slot = base + slots.SLOTS_HEADER + i;
    if (cells[slot + capacity] === ticket && cells[slot]! < 0 && -cells[slot]! > now) return true;
  }
  return false;
}
