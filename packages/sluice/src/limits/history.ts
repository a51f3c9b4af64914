/** States as portable lists of numbers, and what becomes of them when limits change. */

import type { Place } from "./algorithm.ts";
import * as slots from "./concurrency/concurrency.ts";
import { sizeOf } from "./growth.ts";
import type { AnyLimit, Moment, PartsLimit, WindowLimit } from "./limit.ts";
import * as pace from "./pace/pace.ts";
import * as quota from "./quota/quota.ts";
import * as parts from "./window/parts.ts";
import * as ring from "./window/ring.ts";

/** Where a state is built: `grow` gives a growing state room for so many numbers. */
export interface Site {
  place(): Place;
  grow(size: number): void;
}

/** How many instants a ring takes over from parts beyond its own number, should it be raised again. */
const MOST_OF_PARTS = 1_000;

interface Entry {
  readonly at: number;
  readonly units: number;
}

/** The numbers of a state, without what has no meaning elsewhere (who holds which slot). */
export function saveState(limit: AnyLimit, { cells, base }: Place, moment: Moment): number[] {
  switch (limit.kind) {
    case "window":
      return [ring.floorOf(cells, base), ...ring.instants(cells, base)];
    case "concurrency": {
      const free: number[] = [];
      const capacity = cells[base]!;
      for (let i = 0; i < capacity; i++) {
        const value = cells[base + slots.SLOTS_HEADER + i]!;
        // Whoever holds a slot is taken to have ended at the save, if not with its lease.
        if (value < 0) free.push(Math.min(moment.now, -value) + limit.cooldown);
        else if (value > moment.now) free.push(value);
      }
      return free;
    }
    default:
      return Array.from(cells.subarray(base, base + sizeOf(limit)));
  }
}

/** Puts saved numbers into an empty state, `by` microseconds later. */
export function loadState(limit: AnyLimit, saved: readonly number[], by: number, site: Site): void {
  const shifted = (instant: number): number => (instant === 0 ? 0 : Math.max(0, instant + by));
  switch (limit.kind) {
    case "window": {
      const [floor = 0, ...instants] = saved;
      // What lies before the clock's zero cannot be told from an empty ring, and no longer counts.
      // Others still count, even more of them than the limit: it may be raised again.
      const live = instants.filter((at) => at + by > 0);
      site.grow(ring.RING_HEADER + live.length);
      const { cells, base } = site.place();
      for (const at of live) ring.commit(cells, base, 1, at + by);
      ring.setFloor(cells, base, shifted(floor));
      return;
    }
    case "concurrency": {
      site.grow(slots.SLOTS_HEADER + 2 * saved.length);
      const { cells, base } = site.place();
      slots.setCooling(cells, base, saved.map(shifted));
      return;
    }
    case "pace": {
      const { cells, base } = site.place();
      const [tat = 0, rest = 0, last = 0, before = 0] = saved;
      cells.set([shifted(tat), rest, shifted(last), shifted(before)], base);
      return;
    }
    case "parts":
    case "quota": {
      const { cells, base } = site.place();
      cells.set(saved.slice(0, sizeOf(limit)), base);
      if (limit.kind === "parts") parts.shift(limit, cells, base, by);
      else quota.shift(cells, base, by);
    }
  }
}

/**
 * Builds the state of a new limit from that of the old one at `moment`. Windows keep the admissions
 * that are known, and count unknown ones of a longer window as made at the oldest known instant; a
 * pace keeps its debt in units; slots stay held; another kind of limit starts used.
 * False means that the caller must start it used.
 */
export function migrateState(
  old: AnyLimit,
  from: Place,
  limit: AnyLimit,
  site: Site,
  moment: Moment,
): boolean {
  if (verbatim(old, limit)) {
    loadState(limit, saveState(old, from, moment), 0, site);
    return true;
  }
  if (isWindow(old) && isWindow(limit)) {
    migrateWindow(old, from, limit, site, moment.now);
    return true;
  }
  if (old.kind === "pace" && limit.kind === "pace") {
    const owed = pace.used(old, from.cells, from.base, moment.now);
    const { cells, base } = site.place();
    if (owed > 0) pace.owe(limit, cells, base, owed, moment.now);
    return true;
  }
  if (old.kind === "concurrency" && limit.kind === "concurrency") {
    migrateSlots(from, site);
    return true;
  }
  if (old.kind === "quota" && limit.kind === "quota") {
    const { cells, base } = site.place();
    quota.carryOver(old, from, limit, cells, base, moment);
    return true;
  }
  return limit.kind === "unlimited" || limit.kind === "blocked" || limit.kind === "concurrency";
}

/** Whether the numbers mean the same under both. */
function verbatim(old: AnyLimit, limit: AnyLimit): boolean {
  if (old.kind === "concurrency") return false;
  if (old.kind === "parts" && limit.kind === "parts") {
    return old.part === limit.part && old.parts === limit.parts && old.grain === limit.grain;
  }
  return JSON.stringify(old) === JSON.stringify(limit);
}

type AnyWindow = WindowLimit | PartsLimit;

function isWindow(limit: AnyLimit): limit is AnyWindow {
  return limit.kind === "window" || limit.kind === "parts";
}

function migrateWindow(
  old: AnyWindow,
  { cells, base }: Place,
  limit: AnyWindow,
  site: Site,
  now: number,
): void {
  const entries =
    old.kind === "window" ? ringEntries(cells, base) : parts.sums(old, cells, base, now);
  const floor = old.kind === "window" ? ring.floorOf(cells, base) : parts.floorOf(old, cells, base);
  const widest = (each: AnyWindow): number => (each.kind === "window" ? each.widest : each.span);
  const most = limit.kind === "window" ? limit.most : limit.count;
  const known = entries.reduce((sum, entry) => sum + entry.units, 0);
  const [oldest] = entries;
  if (oldest && widest(limit) > widest(old) && known < most) {
    entries.unshift({ at: oldest.at, units: most - known });
  }
  if (limit.kind === "window") {
    const [kept, dropped] = newest(entries, old.kind === "window" ? Infinity : most);
    // No tighter than what is kept, and what is dropped is over when the limit is raised again.
    const over = dropped === undefined ? 0 : dropped + limit.widest;
    loadState(limit, [Math.max(floor, over), ...kept], 0, site);
    return;
  }
  const to = site.place();
  for (const { at, units } of entries) parts.commit(limit, to.cells, to.base, units, at, now);
  parts.setFloor(limit, to.cells, to.base, floor);
}

/**
 * The instants of so many units, or a few more, and the newest that is left out: sums of parts may
 * stand for more than memory has room for.
 */
function newest(entries: readonly Entry[], least: number): [number[], number | undefined] {
  const most = Math.max(least, MOST_OF_PARTS);
  const kept: number[] = [];
  for (const { at, units } of entries.toReversed()) {
    for (let left = Math.ceil(units); left > 0; left--) {
      if (kept.length === most) return [kept.toReversed(), at];
      kept.push(at);
    }
  }
  return [kept.toReversed(), undefined];
}

function ringEntries(cells: Float64Array, base: number): Entry[] {
  return ring.instants(cells, base).map((at) => ({ at, units: 1 }));
}

function migrateSlots({ cells, base }: Place, site: Site): void {
  const capacity = cells[base]!;
  if (capacity === 0) return;
  const size = slots.SLOTS_HEADER + 2 * capacity;
  site.grow(size);
  const to = site.place();
  slots.move(cells, base, to.cells, to.base, size);
}
