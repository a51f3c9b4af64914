/**
 * Time-outs against forecasts: who cannot be served in time is told so as soon as that is known, and
 * the store is asked about few of those who wait. Nobody is served before those ahead, so what a look
 * at one of them says bounds the others, too.
 */

import { type Costs, sameCosts } from "../costs.ts";
import { isHeld } from "../limits/limit.ts";
import type { Plan } from "../limits/plan.ts";
import { compareRanks, type Waiter } from "../queue.ts";
import type { View } from "../stores/store.ts";
import { aheadOf } from "./ahead.ts";
import type { Lane } from "./lane.ts";
import type { Sight } from "./shared-admissions.ts";

/** What forecasts need of the limiter. */
export interface ForecastDesk {
  readonly ageing: number;
  look(key: string, plan: Plan, costs: Costs, ahead?: Costs): Sight | Promise<Sight>;
  /** Ends the wait of one who would be served too late. */
  late(waiter: Waiter, plan: Plan, view: View): void;
}

export class Forecasts {
  readonly #desk: ForecastDesk;
  /** On this process's clock. */
  readonly #deadlines = new WeakMap<Waiter, number>();
  /** Those who were not compared yet. */
  readonly #open = new Map<Lane, Waiter[]>();
  /** Lanes that are being compared. */
  readonly #underway = new Set<Lane>();

  constructor(desk: ForecastDesk) {
    this.#desk = desk;
  }

  add(lane: Lane, waiter: Waiter, deadline: number): void {
    this.#deadlines.set(waiter, deadline);
    const open = this.#open.get(lane);
    // Most are served, and never compared.
    if (!open || open.length > 2 * lane.queue.size + 64) this.#reopen(lane, open, [waiter]);
    else open.push(waiter);
  }

  /** Nobody waits there any more. */
  forget(lane: Lane): void {
    this.#open.delete(lane);
  }

  /** Those of a lane are held back, or have instants to come. */
  compare(lane: Lane): void {
    if (!this.#open.has(lane) || this.#underway.has(lane)) return;
    this.#underway.add(lane);
    const ended = (): void => {
      this.#underway.delete(lane);
      if (lane.isHeldBack) this.compare(lane);
    };
    // What is wrong with the store the lane's own call reports.
    this.#compareLane(lane).then(ended, ended);
  }

  /** The same for all that are held back. */
  compareAll(): void {
    for (const lane of this.#open.keys()) if (lane.isHeldBack) this.compare(lane);
  }

  #reopen(lane: Lane, some: readonly Waiter[] = [], others: readonly Waiter[] = []): void {
    const open = waiting(some.concat(others));
    if (open.length > 0) this.#open.set(lane, open);
  }

  async #compareLane(lane: Lane): Promise<void> {
    await undefined; // those who come in one turn are compared together
    const timed = this.#open.get(lane) ?? [];
    this.#open.delete(lane);
    await this.#compareInHand(lane);
    timed.sort((a, b) => compareRanks(a, b, this.#desk.ageing));
    if (await this.#compareSome(lane, waiting(timed), 0)) return;
    this.#reopen(lane, timed, this.#open.get(lane));
  }

  /** Those who would take the instants in hand. */
  async #compareInHand(lane: Lane): Promise<void> {
    let seen: { readonly plan: Plan; readonly costs: Costs; readonly sight: Sight } | undefined;
    for (let late = this.#lateInHand(lane); late; late = this.#lateInHand(lane)) {
      const { waiter, due } = late;
      const { key, plan } = lane.queue;
      if (seen?.plan === plan && sameCosts(seen.costs, waiter.costs)) {
        const { at, view } = seen.sight;
        this.#desk.late(waiter, plan, { ...view, forecast: view.now + (due - at) });
      } else {
        // It tells the limit; meanwhile an earlier instant may have passed to the waiter.
        const sight = await this.#desk.look(key, plan, waiter.costs);
        seen = { plan, costs: waiter.costs, sight };
      }
    }
  }

  #lateInHand(lane: Lane): { readonly waiter: Waiter; readonly due: number } | undefined {
    if (lane.inHand.length === 0) return undefined;
    const waiters = lane.waiters();
    for (const [i, { due }] of lane.inHand.entries()) {
      const waiter = waiters[i];
      if (waiter && this.#isLate(waiter, due)) return { waiter, due };
    }
    return undefined;
  }

  /**
   * Looks at one of these, and then at those of whom that says nothing. False when the lane has moved
   * on meanwhile, so that all are to be compared anew.
   */
  async #compareSome(
    lane: Lane,
    timed: readonly Waiter[],
    place: number = timed.length >> 1,
  ): Promise<boolean> {
    const waiter = timed[place];
    if (!waiter) return true;
    const { key, plan } = lane.queue;
    const isStale = moved(lane, this.#desk.ageing);
    const ahead = aheadOf(lane, waiter);
    const sight = ahead && (await this.#desk.look(key, plan, waiter.costs, ahead));
    if (isStale()) return false;
    const others = timed.slice(place + 1);
    // Who has an instant in hand is in time, and those before are.
    if (!sight) return this.#compareSome(lane, others);
    const { view, at } = sight;
    const held = isHeld(view.forecast);
    const instant = at + (view.forecast - view.now);
    // Those ahead are served no later; who of them is late makes place for the others.
    const before = waiting(timed.slice(0, place)).filter(
      (each) => held || this.#isLate(each, instant),
    );
    if (!(await this.#compareSome(lane, before))) return false;
    const isAlike = ({ costs }: Waiter): boolean => sameCosts(costs, waiter.costs);
    if (held) return this.#compareSome(lane, waiting(others.filter((each) => !isAlike(each))));
    if (!this.#isLate(waiter, instant)) return this.#compareSome(lane, waiting(others));
    const rest = waiting([waiter, ...others]);
    if (before.some(({ settled }) => settled)) return this.#compareSome(lane, rest, 0);
    // When one leaves, the next one with the same costs comes into its place.
    for (const each of rest) {
      if (isAlike(each) && this.#isLate(each, instant)) this.#desk.late(each, plan, view);
    }
    return this.#compareSome(lane, waiting(rest));
  }

  #isLate(waiter: Waiter, instant: number): boolean {
    return instant > (this.#deadlines.get(waiter) ?? Number.POSITIVE_INFINITY);
  }
}

function waiting(waiters: readonly Waiter[]): Waiter[] {
  return waiters.filter(({ settled }) => !settled);
}

/** Tells whether instants were gained or passed on since, or may be by now. */
function moved(lane: Lane, ageing: number): () => boolean {
  const { queue, inHand } = lane;
  const [plan, head, count] = [queue.plan, queue.head(ageing), inHand.length];
  return () =>
    lane.isAsking ||
    queue.plan !== plan ||
    queue.head(ageing) !== head ||
    lane.inHand.length !== count;
}
