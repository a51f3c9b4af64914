/** The algorithm of each kind of limit behind one set of verbs. */

import * as slots from "./concurrency/concurrency.ts";
import {
  type AnyLimit,
  type ConcurrencyLimit,
  type Earliest,
  held,
  type Moment,
  type PaceLimit,
  type PartsLimit,
  type QuotaLimit,
  type WindowLimit,
} from "./limit.ts";
import * as pace from "./pace/pace.ts";
import { longestPeriod } from "./quota/calendar.ts";
import * as quota from "./quota/quota.ts";
import * as parts from "./window/parts.ts";
import * as ring from "./window/ring.ts";

/** One state: where its numbers are. */
export interface Place {
  readonly cells: Float64Array;
  readonly base: number;
}

/** The earliest instant at which `cost` may pass; law 2: at or after now but for late waiters. */
export function earliestOf(
  limit: AnyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  moment: Moment,
): Earliest {
  return earliestBy(limit.kind, limit, cells, base, cost, moment);
}

/** The same; reading the kind off limits of several shapes costs more than the decision itself. */
export function earliestBy(
  kind: AnyLimit["kind"],
  limit: AnyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  moment: Moment,
): Earliest {
  switch (kind) {
    case "window":
      return ring.earliest(limit as WindowLimit, cells, base, cost, moment.now);
    case "pace":
      return pace.earliest(limit as PaceLimit, cells, base, cost, moment.now, moment.since);
    case "concurrency":
      return slots.earliest(limit as ConcurrencyLimit, cells, base, cost, moment.now);
    case "parts":
      return parts.earliest(limit as PartsLimit, cells, base, cost, moment.now);
    case "quota":
      return quota.earliest(limit as QuotaLimit, cells, base, cost, moment);
    case "unlimited":
      return moment.now;
    case "blocked":
      return held(moment.now);
  }
}

/** Books `cost` at `at`, which must not be before `earliestOf`. `ticket` names a slot's holder. */
export function commitTo(
  limit: AnyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  moment: Moment,
  ticket: number,
): void {
  commitBy(limit.kind, limit, cells, base, cost, at, moment, ticket);
}

/** The same, for `earliestBy`. */
export function commitBy(
  kind: AnyLimit["kind"],
  limit: AnyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  moment: Moment,
  ticket: number,
): void {
  switch (kind) {
    case "window":
      return ring.commit(cells, base, cost, at);
    case "pace":
      return pace.commit(limit as PaceLimit, cells, base, cost, at, moment.now, moment.since);
    case "concurrency": {
      const end = slots.leaseEnd(limit as ConcurrencyLimit, at);
      return slots.commit(limit as ConcurrencyLimit, cells, base, cost, at, ticket, end);
    }
    case "parts":
      return parts.commit(limit as PartsLimit, cells, base, cost, at, moment.now);
    case "quota":
      return quota.commit(limit as QuotaLimit, cells, base, cost, at, moment);
  }
}

/** The instant from which the state equals the empty one, for ever if nothing is committed. */
export function idleFrom(limit: AnyLimit, { cells, base }: Place, moment: Moment): number {
  switch (limit.kind) {
    case "window":
      return ring.idleFrom(limit, cells, base);
    case "pace":
      return pace.idleFrom(cells, base);
    case "concurrency":
      return slots.idleFrom(limit, cells, base);
    case "parts":
      return parts.idleFrom(limit, cells, base);
    case "quota":
      return quota.idleFrom(limit, cells, base, moment);
    default:
      return 0;
  }
}

/**
 * How long after the last commit the state equals the empty one: the time to live in a store. For
 * calendar quotas the longest period; Infinity for slots without a lease.
 */
export function idle(limit: AnyLimit): number {
  switch (limit.kind) {
    case "window":
      return limit.widest;
    case "pace":
      return Math.ceil((limit.burst * limit.micros) / limit.units);
    case "concurrency":
      return limit.lease === 0 ? Number.POSITIVE_INFINITY : limit.lease + limit.cooldown;
    case "parts":
      return (limit.parts + 1) * limit.part;
    case "quota":
      return longestPeriod(limit.period);
    default:
      return 0;
  }
}

/** What a turn admitted: its first instant and the sum of its costs. */
export interface Turn {
  readonly from: number;
  readonly units: number;
}

/** The callers that a turn admitted ran no later than `moment.now`: raising is always safe. */
export function raiseTo(limit: AnyLimit, place: Place, turn: Turn, moment: Moment): void {
  const { cells, base } = place;
  switch (limit.kind) {
    case "window":
      return ring.raise(cells, base, turn.from, moment.now);
    case "pace":
      return pace.raise(limit, cells, base, turn.units, moment.now);
    case "parts":
      return parts.raise(limit, cells, base, turn.from, turn.units, moment.now);
    case "quota":
      return quota.raise(limit, cells, base, turn.units, moment);
  }
}

/** An admission that gives something back. */
export interface Surplus {
  /** How much. */
  readonly units: number;
  /** What the admission had taken. */
  readonly cost: number;
  /** When it was made. */
  readonly at: number;
  readonly ticket: number;
}

/** Takes back what an admission did not use, as far as that lowers no later promise. */
export function refundTo(limit: AnyLimit, place: Place, surplus: Surplus, moment: Moment): void {
  const { cells, base } = place;
  const { units, cost, at } = surplus;
  switch (limit.kind) {
    case "window":
      return ring.refund(cells, base, units, at);
    case "pace":
      return pace.refund(limit, cells, base, units, cost, at);
    case "parts":
      return parts.refund(limit, cells, base, units, cost, at, moment.now);
    case "quota":
      return quota.refund(limit, cells, base, units, at, moment);
    case "concurrency":
      slots.release(limit, cells, base, surplus.ticket, moment.now, cost, cost - units);
  }
}

/** How much of the limit is taken at `moment`. */
export function usedOf(limit: AnyLimit, { cells, base }: Place, moment: Moment): number {
  switch (limit.kind) {
    case "window":
      return ring.used(limit.rates[0]!, cells, base, moment.now);
    case "pace":
      return pace.used(limit, cells, base, moment.now);
    case "concurrency":
      return slots.used(limit, cells, base, moment.now);
    case "parts":
      return parts.used(limit, cells, base, moment.now);
    case "quota":
      return quota.used(limit, cells, base, moment);
    default:
      return 0;
  }
}

/** The most that one admission can take. */
export function capacityOf(limit: AnyLimit): number {
  switch (limit.kind) {
    case "window":
      return Math.min(...limit.rates.map((rate) => rate.count));
    case "pace":
      return limit.burst;
    case "concurrency":
      return limit.slots;
    case "parts":
    case "quota":
      return limit.count;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** As if all had been used at `moment.now`: the state of a cold start and of an unknown history. */
export function startUsed(limit: AnyLimit, { cells, base }: Place, moment: Moment): void {
  switch (limit.kind) {
    case "window":
      return ring.setFloor(cells, base, moment.now + limit.widest);
    case "pace":
      return pace.owe(limit, cells, base, limit.burst, moment.now);
    case "parts":
      return parts.setFloor(limit, cells, base, moment.now + limit.span);
    case "quota":
      return quota.setUsed(limit, cells, base, moment);
  }
}
