/** One limiter's budget in a store that may fail, and what answers in its place. */

import { type Costs, noCosts } from "../../costs.ts";
import { StoreTimeoutError } from "../../errors.ts";
import type { Plan } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import {
  type Answer,
  type Answered,
  type Ask,
  type BookedWaiting,
  type Change,
  FALLBACK,
  type Ledger,
  type Scope,
  type Store,
  type View,
} from "../store.ts";
import type { CircuitRules } from "./circuit.ts";
import { Guard } from "./guard.ts";
import { isLocal, Local } from "./local.ts";
import { nothingAdmitted, nothingLeft, sooner } from "./refused.ts";
import { quietly } from "./quietly.ts";
import type { InForce } from "./share.ts";
import { Telling } from "./telling.ts";

const NONE: readonly number[] = [];
/** How often an answer may come too late to be used before the call has failed. */
const MOST_LATE = 3;

export interface FallbackSettings {
  /** That of the store. */
  readonly waiting: BookedWaiting;
  /** Microseconds. */
  readonly deadline: number;
  readonly rules: CircuitRules;
  /** The limits that hold in this process while the store fails; `undefined`: nothing passes. */
  readonly adapt: ((plan: Plan, inForce: InForce) => Plan) | undefined;
  /** Whether keys that come back without state after a failure count as used. */
  readonly start: "full" | "used" | undefined;
  readonly told: (name: string, failure: unknown) => void;
}

export class FallbackLedger implements Ledger<boolean> {
  readonly sync: boolean;
  readonly notifies?: boolean;
  readonly bounded = true;
  readonly #store: Store;
  readonly #scope: Scope;
  readonly #settings: FallbackSettings;
  readonly #guard: Guard;
  readonly #telling: Telling;
  #inner: Ledger<boolean>;
  /** Something failed since the ledger was opened: the store may have lost what it knew. */
  #isDoubtful = false;
  #local: Local | undefined;
  /** What has to be added to this process's wall clock for that of the store, about. */
  #ahead: number | undefined;
  #isClosed = false;

  constructor(store: Store, scope: Scope, settings: FallbackSettings) {
    const { deadline, rules, told } = settings;
    this.#store = store;
    this.#scope = scope;
    this.#settings = settings;
    this.#inner = store.open(scope);
    this.sync = store.sync;
    if (this.#inner.notifies !== undefined) this.notifies = this.#inner.notifies;
    const changed = (failure: unknown): void => {
      queueMicrotask(() => this.#regimeChanged());
      told(scope.name, failure);
    };
    this.#guard = new Guard({
      name: scope.name,
      clock: scope.clock,
      sync: store.sync,
      deadline,
      rules,
      failed: () => {
        this.#isDoubtful = true;
      },
      opened: changed,
      closed: () => changed(undefined),
    });
    const pause = rules.pause / 1e3;
    this.#telling = new Telling(this.#guard, scope.clock, pause, () => this.#opened());
  }

  now(): Answered<boolean, number> {
    return this.#guard.call({
      run: () =>
        this.#noted(
          () => this.#opened().now(),
          (now) => now,
        ),
      otherwise: () => this.#estimate(),
      writes: false,
    });
  }

  reserve(ask: Ask): Answered<boolean, Answer> {
    return this.#guard.call<Answer>({
      run: (isOver) => (this.sync ? this.#ask(ask) : this.#askInTime(ask, isOver)),
      otherwise: () => this.#decide(ask),
      late: (answer) => this.#giveBack(ask, answer),
      writes: true,
    });
  }

  peek(ask: Ask, ahead: Costs | undefined): Answered<boolean, View> {
    return this.#guard.call<View>({
      run: () =>
        this.#noted(
          () => this.#opened().peek(ask, ahead),
          ({ now }) => now,
        ),
      otherwise: () => this.#look(ask, ahead),
      writes: false,
    });
  }

  amend(changes: readonly Change[]): Answered<boolean, readonly number[]> {
    const made = changes.filter((change) => "ticket" in change && isLocal(change.ticket));
    const others = changes.filter((change) => !made.includes(change));
    if (made.length > 0) this.#local?.amend(made);
    if (others.length === 0) return this.sync ? NONE : Promise.resolve(NONE);
    const lost = this.#telling.tell(others);
    const everywhere = others.filter(({ kind }) => kind === "gate" || kind === "reset");
    if (everywhere.length === 0) return lost;
    const told = (tickets: readonly number[]): readonly number[] => {
      this.#amendHere(everywhere);
      return tickets;
    };
    return lost instanceof Promise ? lost.then(told) : told(lost);
  }

  keys(): Answered<boolean, string[]> {
    return this.#guard.call<string[]>({
      run: () => this.#opened().keys(),
      otherwise: (failure) => {
        throw failure;
      },
      writes: false,
    });
  }

  close(): Answered<boolean, void> {
    this.#isClosed = true;
    this.#local?.close();
    return this.#guard.last(() => {
      const owed = this.#telling.end();
      const told = owed.length > 0 ? this.#inner.amend(owed) : NONE;
      const closed = this.#inner.close();
      return this.sync ? undefined : Promise.all([told, closed]);
    });
  }

  #ask(ask: Ask): Answer | Promise<Answer> {
    const { notBefore = 0 } = ask;
    // What was promised here may lie far ahead by the store's clock.
    const soon = this.#ahead === undefined ? 0 : this.#soon(this.#estimate(), ask);
    const isMine = notBefore > soon && notBefore <= (this.#local?.latest ?? 0);
    const asked = isMine ? { ...ask, notBefore: soon } : ask;
    return this.#noted(
      () => this.#opened().reserve(asked),
      ({ now }) => now,
    );
  }

  /** How far ahead a caller books, and so how far ahead what it was promised before can be. */
  #soon(now: number, { maxWait }: Ask): number {
    return now + Math.min(maxWait, this.#settings.waiting.horizon);
  }

  /**
   * Notes the store's clock, which was read while the question was under way: what is known of it moves
   * no further than that tells, or a process that stood still would move the borders of its quotas.
   */
  #noted<T>(ask: () => T | Promise<T>, nowOf: (answer: T) => number): T | Promise<T> {
    const sent = this.#wall();
    const note = (answer: T): T => {
      const least = nowOf(answer) - this.#wall();
      const most = Math.max(least, nowOf(answer) - sent);
      this.#ahead = Math.min(most, Math.max(least, this.#ahead ?? least));
      return answer;
    };
    const answer = ask();
    return answer instanceof Promise ? answer.then(note) : note(answer);
  }

  /** This process's wall clock, in microseconds. */
  #wall(): number {
    return Math.round(this.#scope.clock.wall() * 1e3);
  }

  /** Asks again when the instants come too late to be kept; the deadline holds for all of it. */
  async #askInTime(ask: Ask, isOver: () => boolean): Promise<Answer> {
    const { clock, name } = this.#scope;
    const { grace } = this.#settings.waiting;
    for (let tries = 0; ; tries++) {
      const sent = clock.now();
      const answer = await this.#ask(ask);
      const { now, admitted, instants } = answer;
      const last = sent + Math.max(0, instants[admitted - 1]! - now) + grace;
      if (isOver() || admitted === 0 || clock.now() <= last) return { ...answer, asked: sent };
      this.#giveBack(ask, answer);
      if (tries === MOST_LATE) {
        throw new StoreTimeoutError(
          `the store of the limiter ${show(name)} takes longer to answer than its grace of ${grace / 1e3} ms, so its instants are over when they come; raise the grace of the store.`,
        );
      }
    }
  }

  /** In the place of the store. */
  #decide(ask: Ask): Answer {
    const local = this.#here();
    const asked = this.#scope.clock.now();
    const notBefore = Math.min(ask.notBefore ?? 0, this.#soon(local?.now ?? 0, ask));
    const decided = local
      ? local.reserve({ ...ask, notBefore })
      : nothingAdmitted(this.#estimate());
    const answer = { ...decided, asked };
    if (answer.admitted === ask.costs.length) return answer;
    const { now } = answer;
    const again = now + this.#guard.wait;
    const until = local ? sooner(answer.until, again) : again;
    // Who books ahead was refused what lies within its reach, and asks again before it.
    const beyond = Math.max(until, this.#soon(now, ask));
    return { ...answer, until: beyond, ownUntil: beyond, rule: FALLBACK };
  }

  #look(ask: Ask, ahead: Costs | undefined): View {
    const local = this.#here();
    const now = this.#estimate();
    if (!local) return nothingLeft(ask.plan, now, now + this.#guard.wait);
    const view = local.peek(ask, ahead);
    const again = view.now + this.#guard.wait;
    if (view.until === view.now && view.forecast === view.now) return view;
    return {
      ...view,
      until: sooner(view.until, again),
      ownUntil: sooner(view.ownUntil, again),
      forecast: sooner(view.forecast, again),
      rule: FALLBACK,
    };
  }

  #here(): Local | undefined {
    const { adapt } = this.#settings;
    if (!this.#local && adapt) this.#local = new Local(this.#scope, () => this.#ahead ?? 0, adapt);
    return this.#local;
  }

  /** Gates and resets hold for what is decided here, too. */
  #amendHere(changes: readonly Change[]): void {
    const gates = changes.some((change) => change.kind === "gate" && change.until !== undefined);
    (gates ? this.#here() : this.#local)?.amend(changes);
  }

  #estimate(): number {
    return this.#wall() + (this.#ahead ?? 0);
  }

  /** The ledger of the store; after a failure a new one, for which cold keys count as used. */
  #opened(): Ledger<boolean> {
    const start = this.#settings.start ?? this.#scope.start;
    if (this.#isDoubtful && start === "used") {
      const old = this.#inner;
      this.#inner = this.#store.open({ ...this.#scope, start });
      quietly(() => old.close());
    }
    this.#isDoubtful = false;
    return this.#inner;
  }

  /** What an answer has booked that nobody waits for any more. */
  #giveBack({ key, plan, costs }: Ask, { admitted, instants, tickets }: Answer): void {
    if (admitted === 0) return;
    const actual = noCosts(plan);
    const changes = costs.slice(0, admitted).flatMap((taken, i): Change[] => {
      const ticket = tickets[i]!;
      const at = instants[i]!;
      const cancel = { kind: "cancel" as const, key, plan, ticket, at, taken, actual };
      return plan.hasConcurrency ? [cancel, { kind: "release", key, plan, ticket }] : [cancel];
    });
    quietly(() => this.amend(changes));
  }

  /** The store was given up, or is back: who waits asks again. */
  #regimeChanged(): void {
    if (this.#isClosed) return;
    if (this.#guard.isClosed) this.#telling.again();
    this.#scope.onFreed();
  }
}
