/**
 * Processes that share a limit have no common queue. So that they get about the same, each books the
 * further ahead the less it took lately: what comes into reach goes to whoever has taken least, until
 * all have taken alike. Whoever is alone takes everything, and is in nobody's way.
 */

import type { Costs } from "../costs.ts";
import type { AnyLimit, Rate } from "../limits/limit.ts";
import type { Plan } from "../limits/plan.ts";
import { shortestPeriod } from "../limits/quota/calendar.ts";

/** One call takes at most this part of what the limits let through, or the first would take it all. */
const PART = 1 / 8;
/** Admissions in one call, however large the limits are. */
const MOST = 1000;
/** Who took everything books this part of the horizon ahead. */
const LEAST_REACH = 1 / 4;
/** What was taken fades over so many spans of a limit: limits of one or two go round then, too. */
const MEMORY = 2;
/** The steps in which `whenInReach` closes in. */
const STEPS = 4;

/** What one process takes of the limits of one key. */
export class Share {
  readonly plan: Plan;
  readonly #horizon: number;
  /** Of each rule the units that it lets through in a span no shorter than the horizon. */
  readonly #flows: readonly Flow[];
  /** Which part of each flow was taken lately, as of `#at`. */
  readonly #taken: number[];
  #at = 0;

  constructor(plan: Plan, horizon: number) {
    this.plan = plan;
    this.#horizon = horizon;
    this.#flows = plan.rules.flatMap(({ limit }, rule) =>
      ratesOf(limit).map(({ count, span }) => ({
        rule,
        count: count * Math.max(1, horizon / span),
        span: Math.max(span, horizon),
      })),
    );
    this.#taken = this.#flows.map(() => 0);
  }

  /** The costs at the front that one call asks for: at least one, within a part of every limit. */
  next(queued: Iterable<Costs>): Costs[] {
    const room = this.#flows.map(({ count }) => count * PART);
    const next: Costs[] = [];
    for (const costs of queued) {
      const fits = this.#flows.every(({ rule }, i) => costs[rule]! <= room[i]!);
      if (next.length > 0 && (!fits || next.length >= MOST)) break;
      this.#flows.forEach(({ rule }, i) => {
        room[i]! -= costs[rule]!;
      });
      next.push(costs);
    }
    return next;
  }

  /** These were admitted; times are microseconds on this process's clock. */
  take(costs: Costs, now: number): void {
    this.#add(costs, 1, now);
  }

  /** These went back. */
  putBack(costs: Costs, now: number): void {
    this.#add(costs, -1, now);
  }

  /** How far ahead it may book at that time. */
  reach(at: number): number {
    const most = this.#taken.reduce((so, _, i) => Math.max(so, this.#takenBy(i, at)), 0);
    return Math.floor(this.#horizon * Math.max(LEAST_REACH, 1 - (1 - LEAST_REACH) * most));
  }

  /** When an instant comes into reach: its reach grows meanwhile, by less than the time that passes. */
  whenInReach(instant: number): number {
    let at = instant - this.#horizon;
    for (let i = 0; i < STEPS; i++) at = instant - this.reach(Math.max(at, this.#at));
    return at;
  }

  #add(costs: Costs, sign: 1 | -1, now: number): void {
    this.#flows.forEach(({ rule, count }, i) => {
      const taken = this.#takenBy(i, now) + (sign * costs[rule]!) / count / MEMORY;
      this.#taken[i] = Math.max(0, taken);
    });
    this.#at = now;
  }

  #takenBy(flow: number, at: number): number {
    return this.#taken[flow]! * Math.exp((this.#at - at) / (MEMORY * this.#flows[flow]!.span));
  }
}

interface Flow extends Rate {
  readonly rule: number;
}

/** What a limit lets through; slots come back at nobody knows when. */
function ratesOf(limit: AnyLimit): readonly Rate[] {
  switch (limit.kind) {
    case "window":
      return limit.rates;
    case "parts":
      return [limit];
    case "pace":
      return [{ count: limit.burst, span: (limit.burst * limit.micros) / limit.units }];
    case "quota":
      return [{ count: limit.count, span: shortestPeriod(limit.period) }];
    case "concurrency":
      return [{ count: limit.slots, span: Number.POSITIVE_INFINITY }];
    default:
      return [];
  }
}
