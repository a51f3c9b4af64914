/**
 * A store that several limiters share over a slow way: the memory ledger, behind delays on the
 * manual clock. What limiters do with answers that come late is judged here, with exact times; real
 * servers have tests of their own.
 */

import type { Plan } from "../../src/limits/plan.ts";
import { booked, type BookedOptions } from "../../src/shared/booked.ts";
import { memory } from "../../src/stores/memory.ts";
import type { Answer, Ask, Change, Ledger, Scope, Store } from "../../src/stores/store.ts";
import type { ManualClock } from "../../src/testing/index.ts";

export interface FarStore extends Store<false> {
  /** Calls that were made. */
  readonly calls: { reserve: number; amend: number; peek: number };
  /** Milliseconds to the store and back for each limiter by the order of opening; may change. */
  there: (limiter: number) => number;
  back: (limiter: number) => number;
  /** What the next calls fail with. */
  failure: Error | undefined;
}

export interface FarOptions extends BookedOptions {
  readonly notifies?: boolean;
}

export function farStore(clock: ManualClock, options: FarOptions = {}): FarStore {
  const ledgers = new Map<string, Ledger<true>>();
  const scopes = new Map<string, Scope[]>();
  const plans = new Map<string, Plan>();
  let opened = 0;
  const wait = (ms: number): Promise<void> =>
    ms === 0 ? Promise.resolve() : new Promise((resolve) => void clock.setTimer(ms, resolve));
  const store: FarStore = {
    sync: false,
    waiting: booked(options),
    calls: { reserve: 0, amend: 0, peek: 0 },
    there: () => 0,
    back: () => 0,
    failure: undefined,
    open: (scope) => {
      if (!ledgers.has(scope.name)) ledgers.set(scope.name, memory().open(scope));
      const ledger = ledgers.get(scope.name)!;
      scopes.set(scope.name, [...(scopes.get(scope.name) ?? []), scope]);
      const limiter = opened++;
      const call = async <T>(act: () => T): Promise<T> => {
        await wait(store.there(limiter));
        if (store.failure) throw store.failure;
        const answer = act();
        await wait(store.back(limiter));
        return answer;
      };
      // The same numbers are the same plan for the ledger, whoever compiled them.
      const same = <A extends { readonly plan: Plan }>(asked: A): A => {
        const { plan } = asked;
        const name = `${scope.name} ${JSON.stringify(plan.rules)}`;
        if (!plans.has(name)) plans.set(name, plan);
        return { ...asked, plan: plans.get(name)! };
      };
      const copy = (answer: Answer): Answer => ({
        ...answer,
        instants: [...answer.instants],
        tickets: [...answer.tickets],
      });
      return {
        sync: false,
        ...(options.notifies === undefined ? {} : { notifies: options.notifies }),
        now: () => call(() => ledger.now()),
        reserve: (ask: Ask) => {
          store.calls.reserve++;
          return call(() => copy(ledger.reserve(same(ask))));
        },
        amend: (changes: readonly Change[]) => {
          store.calls.amend++;
          return call(() => {
            const lost = ledger.amend(changes.map((each) => ("plan" in each ? same(each) : each)));
            if (options.notifies) for (const other of scopes.get(scope.name)!) other.onFreed();
            return lost;
          });
        },
        peek: (ask, ahead) => {
          store.calls.peek++;
          return call(() => ledger.peek(same(ask), ahead));
        },
        keys: () => call(() => ledger.keys()),
        close: () => Promise.resolve(),
      };
    },
  };
  return store;
}
