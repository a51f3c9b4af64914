/** Permits of a shared store: handed out, settled, released; and what refusals and looks say. */

import { after } from "./answered.ts";
import type { Clock } from "../clock.ts";
import { type AnyCost, type Costs, noCosts, resolveActual, takesSlots } from "../costs.ts";
import { InvalidOptionError, LimitExceededError, StoreTooSlowError } from "../errors.ts";
import type { Events } from "../events.ts";
import { withGrace } from "../limits/adapted.ts";
import type { LimitsInput, Plan } from "../limits/plan.ts";
import type { LimiterOptions, Settings } from "../options.ts";
import { type Denial, Grant, type PermitOwner, type Refusal } from "../permit.ts";
import { Plans } from "../plans.ts";
import { type Ask, askFor, type Change, type Ledger, type View } from "../stores/store.ts";
import { show } from "../time.ts";
import { hasSeveralNames, namedRefusal, refusalOf, type Refused } from "../view.ts";
import { type Booking, bookingsOf } from "./booking.ts";
import { Lateness, type Recall } from "./lateness.ts";
import { LeasedGrant } from "./leased-grant.ts";
import { Leases } from "./leases.ts";
import { Outbox } from "./outbox.ts";

/** Answers that came too late in a row before a store counts as too slow for its grace. */
const MOST_LATE = 3;

/** What `look` sees, and when on this process's clock. */
export interface Sight {
  readonly view: View;
  readonly at: number;
}

export class SharedAdmissions implements PermitOwner {
  readonly plans: Plans;
  readonly ledger: Ledger<boolean>;
  readonly clock: Clock;
  readonly events: Events;
  readonly grace: number;
  readonly horizon: number;
  readonly outbox: Outbox;
  readonly lateness: Lateness;
  admitted = 0;
  refused = 0;
  /** Everything is let through. */
  breached = false;
  closed = false;
  readonly #leases: Leases;
  readonly #onFreed: (key?: string) => void;

  constructor(
    limits: LimitsInput,
    options: LimiterOptions,
    settings: Settings,
    clock: Clock,
    events: Events,
    queues: { isWaited(key: string): boolean; wake(key?: string): void; recall: Recall },
  ) {
    const store = options.store!;
    if (options.name === undefined) {
      throw new InvalidOptionError(
        'a limiter with a shared store needs a name, since the same name is the same budget; got none. Pass { name: "github" }.',
      );
    }
    this.clock = clock;
    this.events = events;
    const { grace, horizon } = store.waiting!;
    this.grace = grace;
    this.horizon = horizon;
    this.#onFreed = queues.wake;
    const since = { now: 0, wall: 0 };
    const adapt = (plan: Plan): Plan => withGrace(plan, grace);
    this.plans = new Plans(limits, settings.margin, since, adapt, options.limitsFor);
    this.ledger = store.open({
      name: settings.name,
      clock,
      maxKeys: settings.maxKeys,
      start: settings.start,
      isWaited: queues.isWaited,
      onFreed: () => queues.wake(),
    });
    this.outbox = new Outbox(this.ledger, clock);
    this.lateness = new Lateness(clock, this.ledger, queues.recall);
    this.#leases = new Leases(clock, async (renewals) => this.ledger.amend(renewals));
  }

  /** Asks now or never: the answer of a synchronous store comes at once. */
  attempt(
    key: string,
    plan: Plan,
    costs: Costs,
    waited: number,
    tries: number = MOST_LATE,
  ): Judged {
    if (this.breached) return this.freePass(key, plan, costs);
    return this.ledger.sync
      ? this.#attemptHere(key, plan, costs, waited, tries)
      : this.#attemptThere(key, plan, costs, waited, tries);
  }

  #attemptThere(key: string, plan: Plan, costs: Costs, waited: number, tries: number): Judged {
    const asked = [costs];
    const ask = askFor(key, plan, asked);
    const sent = this.clock.now();
    return after(this.ledger.reserve(ask), (answer): Judged => {
      if (answer.admitted === 0) return this.refusal(key, plan, costs, answer);
      const received = this.clock.now();
      const [booking] = bookingsOf(plan, asked, answer, { sent, received });
      if (received <= booking!.until) {
        this.lateness.note(key, booking!);
        return this.admit(key, plan, costs, booking!, waited);
      }
      // Asked sooner, the store would refuse because of what is on its way back.
      const back = this.giveBack(key, [booking!]);
      if (tries === 0) throw tooSlow(key, this.grace);
      return back.then(() => {
        const since = this.clock.now() - sent;
        return this.attempt(key, plan, costs, waited + since, tries - 1);
      });
    });
  }

  /** The answer is here at once: the store's own clock says whether it was too long on its way. */
  #attemptHere(key: string, plan: Plan, costs: Costs, waited: number, tries: number): Judged {
    const ledger = this.ledger as Ledger<true>;
    if (ledger.attempt === undefined) return this.#reserveHere(key, plan, costs, waited, tries);
    const verdict = ledger.attempt(key, plan, costs);
    const { now: at, ticket } = verdict;
    if (ticket === 0) return this.refusal(key, plan, costs, verdict);
    return this.#inTime(key, plan, costs, { at, ticket }, ledger.now() - at, waited, tries);
  }

  #reserveHere(key: string, plan: Plan, costs: Costs, waited: number, tries: number): Judged {
    const ledger = this.ledger as Ledger<true>;
    const answer = ledger.reserve(askFor(key, plan, [costs]));
    if (answer.admitted === 0) return this.refusal(key, plan, costs, answer);
    const { asked } = answer;
    const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
    // What a fallback answers is not of the store's clock, or not of the first try.
    const late = asked === undefined ? ledger.now() - at : this.clock.now() - asked;
    return this.#inTime(key, plan, costs, { at, ticket }, late, waited, tries);
  }

  /** What is not older than the grace; else another one. */
  #inTime(
    key: string,
    plan: Plan,
    costs: Costs,
    given: { readonly at: number; readonly ticket: number },
    late: number,
    waited: number,
    tries: number,
  ): Judged {
    if (late <= this.grace) return this.admit(key, plan, costs, given, waited);
    void this.giveBack(key, [{ plan, costs, ...given }]);
    if (tries === 0) throw tooSlow(key, this.grace);
    return this.#attemptHere(key, plan, costs, waited + late, tries - 1);
  }

  /**
   * Books an instant for a caller who waits for it elsewhere. An answer that was longer on its way than
   * its instant can be kept goes back, and it is asked again for one that can.
   */
  book(
    key: string,
    plan: Plan,
    costs: Costs,
    maxWait: number,
    notBefore: number = 0,
    tries: number = MOST_LATE,
  ): Booking | Denial | Promise<Booking | Denial> {
    const { clock, ledger } = this;
    const asked = [costs];
    const ask: Ask = { ...askFor(key, plan, asked, maxWait), notBefore };
    const began = clock.now();
    return after(ledger.reserve(ask), (answer): Booking | Denial | Promise<Booking | Denial> => {
      if (answer.admitted === 0) return this.refusal(key, plan, costs, answer);
      const received = clock.now();
      // One that answers at once may have waited for others before it read its clock.
      const sent = ledger.sync ? received - ((ledger.now() as number) - answer.now) : began;
      const booking = bookingsOf(plan, asked, answer, { sent, received })[0]!;
      const late = booking.due - booking.until;
      if (late <= 0) return booking;
      const back = this.giveBack(key, [booking]);
      if (tries === 0) throw tooSlow(key, this.grace);
      const again = (): Booking | Denial | Promise<Booking | Denial> =>
        this.book(key, plan, costs, maxWait, booking.at + late, tries - 1);
      return ledger.sync ? again() : back.then(again);
    });
  }

  /** Returns instants that nobody will use; resolves when the store has them, or has failed. */
  giveBack(key: string, bookings: readonly Omit<Booking, "due" | "until">[]): Promise<void> {
    const changes = bookings.flatMap(({ plan, costs, at, ticket }): Change[] => {
      const actual = noCosts(plan);
      const cancel = { kind: "cancel" as const, key, plan, ticket, at, taken: costs, actual };
      return plan.hasConcurrency ? [cancel, { kind: "release", key, plan, ticket }] : [cancel];
    });
    return this.outbox.send(changes).catch(() => undefined);
  }

  admit(
    key: string,
    plan: Plan,
    costs: Costs,
    { at, ticket }: { readonly at: number; readonly ticket: number },
    waited: number,
  ): Grant {
    this.admitted++;
    const Kind = ticket !== 0 && takesSlots(plan, costs) ? LeasedGrant : Grant;
    const grant = new Kind(this, key, plan, costs, at, ticket, waited, undefined);
    // A limiter that was closed meanwhile renews nothing.
    if (grant instanceof LeasedGrant && !this.closed) this.#leases.hold(grant);
    if (this.events.heard) this.events.emit({ type: "admit", key, waited: waited / 1e3, ticket });
    return grant;
  }

  /** A permit that takes nothing. */
  freePass(key: string, plan: Plan, costs: Costs): Grant {
    return this.admit(key, plan, costs, { at: this.clock.wall() * 1e3, ticket: 0 }, 0);
  }

  settlePermit({ key, plan, costs, ticket, at }: Grant, actual: AnyCost): void {
    const used = resolveActual(plan, actual, costs);
    if (ticket === 0 || this.closed) return;
    if (takesSlots(plan, used)) this.#leases.settle(key, ticket, used);
    else this.#leases.drop(key, ticket);
    const change = { kind: "settle" as const, key, plan, ticket, at, taken: costs, actual: used };
    void this.outbox.send([change]).then(
      () => this.#onFreed(key),
      () => undefined,
    );
  }

  releasePermit(grant: Grant): void | Promise<void> {
    const sent = this.#sendRelease(grant);
    if (!this.ledger.sync) return sent;
    // Nobody awaits what is typed as done, so nobody could catch it; a lease ends without it.
    sent.catch(() => undefined);
  }

  async #sendRelease({ key, plan, ticket }: Grant): Promise<void> {
    if (ticket === 0 || this.closed) return;
    if (plan.hasConcurrency) {
      this.#leases.drop(key, ticket);
      if (this.events.heard) this.events.emit({ type: "release", key, ticket });
    }
    const changes = plan.hasConcurrency ? [{ kind: "release" as const, key, plan, ticket }] : [];
    await this.outbox.send(changes);
    this.#onFreed(key);
  }

  /** Shared stores count from the epoch. */
  toEpoch(instant: number): number {
    return Math.ceil(instant / 1e3);
  }

  look(key: string, plan: Plan, costs: Costs, ahead: Costs | undefined): Sight | Promise<Sight> {
    const ask = askFor(key, plan, [costs]);
    const before = ahead ?? noCosts(plan);
    return after(this.ledger.peek(ask, before), (view) => ({ view, at: this.clock.now() }));
  }

  /** The rate that binds in a ring of several is looked up. */
  refusal(key: string, plan: Plan, costs: Costs, answer: Refused): Denial | Promise<Denial> {
    const { now, until, rule } = answer;
    if (!hasSeveralNames(plan, rule)) return refusalOf(plan, { now, until, rule });
    return after(this.look(key, plan, costs, undefined), ({ view }) =>
      namedRefusal(plan, { now, until, rule }, view),
    );
  }

  /** A refusal because of those ahead, or of what binds now. */
  forecastRefusal(plan: Plan, view: View): Denial {
    // What fits now was held back by those ahead, who are held back by some limit.
    const fits = view.rule < 0 && view.until === view.now;
    const rule = fits ? 0 : view.rule;
    return namedRefusal(plan, { now: view.now, until: view.forecast, rule }, view);
  }

  exceeded(refusal: Refusal, when: string): LimitExceededError {
    this.refused++;
    return new LimitExceededError(refusal, when);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#leases.close();
    await this.outbox.settled();
    await this.ledger.close();
  }
}

/** A permit or a refusal, or the promise of one. */
export type Judged = Grant | Denial | Promise<Grant | Denial>;

/** Of answers that come later than a booked instant can be kept. */
export function tooSlow(key: string, grace: number): StoreTooSlowError {
  return new StoreTooSlowError(
    `answers for the key ${show(key)} come too late again and again: the store, or this process, takes longer than the grace of ${grace / 1e3} ms; raise the grace of the store.`,
  );
}
