/** Histories: what is asked for, and when, and how it goes when a single limit decides. */

import fc from "fast-check";
import { capacityOf, idle } from "../../src/limits/algorithm.ts";
import { type AnyLimit, isHeld, type Moment, NEVER } from "../../src/limits/limit.ts";
import { GrowingState } from "./growing-state.ts";
import type { Admitted } from "./promise.ts";

/** One ask in numbers that mean something only together with a limit. */
export interface Step {
  /** Taken modulo the capacity. */
  readonly cost: number;
  /** How long after the last step: the way of choosing it, and a fraction of the limit's span. */
  readonly gap: number;
  readonly fraction: number;
  /** Chooses how much later than the earliest instant it is committed, or how it is given back. */
  readonly choice: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  cost: fc.nat({ max: 40 }),
  gap: fc.nat({ max: 5 }),
  fraction: fc.double({ min: 0, max: 1, noNaN: true }),
  choice: fc.nat({ max: 11 }),
});

export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 30, size: "max" });

/** A few more, to look at what a history left. */
export const probes: fc.Arbitrary<Step[]> = fc.array(step, {
  minLength: 1,
  maxLength: 5,
  size: "max",
});

/** Where histories begin: at the clock's zero, near it, and where stores' clocks are. */
export const starts: fc.Arbitrary<number> = fc.constantFrom(0, 1, 1_000_000, 2 ** 50);

/** Wall clocks at the start, in milliseconds: around odd midnights, months and weeks. */
export const walls: fc.Arbitrary<number> = fc
  .tuple(
    fc.constantFrom(
      "2026-01-31T22:59:59.999Z",
      "2026-03-29T00:00:00Z",
      "2026-10-25T00:30:00Z",
      "2018-11-04T02:30:00Z",
      "2018-02-17T23:00:00Z",
      "2011-12-30T08:00:00Z",
      "2010-11-07T01:00:00Z",
      "1970-01-01T00:00:00Z",
    ),
    fc.integer({ min: 0, max: 40 * 3600e3 }),
  )
  .map(([date, later]) => Date.parse(date) + later);

/** A time scale of the limit: gaps of about this size are the interesting ones. */
export function scaleOf(limit: AnyLimit): number {
  if (limit.kind === "concurrency") return limit.cooldown + limit.lease + 3;
  return idle(limit);
}

export function costOf(limit: AnyLimit, { cost }: Step): number {
  return 1 + (cost % Math.min(capacityOf(limit), 1_000_000));
}

export function gapOf(limit: AnyLimit, { gap, fraction }: Step): number {
  const scale = scaleOf(limit);
  const few = Math.floor(fraction * 12);
  return [0, 0, few, Math.floor((fraction * scale) / 8), Math.floor(fraction * scale), scale][gap]!;
}

/** A moment of a clock that is `wallOffset` behind the time since the epoch. */
export function momentAt(now: number, wallOffset: number, since = now): Moment {
  return { now, wall: now + wallOffset, since };
}

/** A history that was played, and the state it left. */
export interface Played {
  readonly state: GrowingState;
  /** All that passed, each at the instant at which it was committed. */
  readonly admitted: readonly Admitted[];
  /** The last time that was looked at. */
  readonly now: number;
}

export interface PlayOptions {
  readonly start: number;
  readonly wallOffset?: number;
  /** Commits later than the earliest instant too, as when another limit binds. */
  readonly delayed?: boolean;
  /** Overrides the costs: 1 for histories of units. */
  readonly cost?: number;
}

/** Commits each step at its earliest instant (or later); slots are released in between. */
export function play(limit: AnyLimit, asked: readonly Step[], options: PlayOptions): Played {
  const { start, wallOffset = 0, delayed = false } = options;
  const state = new GrowingState(limit);
  const admitted: { at: number; units: number; until?: number }[] = [];
  let now = start;
  asked.forEach((step, i) => {
    now += gapOf(limit, step);
    const moment = momentAt(now, wallOffset);
    if (limit.kind === "concurrency" && step.choice < 5) {
      // Who lost its lease has nothing to give back.
      const lease = limit.lease || Number.POSITIVE_INFINITY;
      const held = admitted.findIndex(
        ({ at, until }) => until === undefined && at <= now && now < at + lease,
      );
      if (held >= 0) {
        admitted[held]!.until = now;
        state.refund(admitted[held]!.units, admitted[held]!.units, 0, moment, held + 1);
      }
    }
    const cost = options.cost ?? costOf(limit, step);
    const earliest = state.earliest(cost, moment);
    if (isHeld(earliest) || earliest === NEVER) return;
    // Slots are taken when they are there, and not booked.
    if (limit.kind === "concurrency" && earliest > now) return;
    const late =
      delayed && limit.kind !== "concurrency" && step.choice > 6
        ? gapOf(limit, asked[(i + 1) % asked.length]!)
        : 0;
    const at = Math.max(now, earliest) + late;
    state.commit(cost, at, moment, admitted.length + 1);
    admitted.push({ at, units: cost });
  });
  return { state, admitted, now };
}
