/**
 * A server behind a `far-store`: one that can go, hang, and come back empty. The state of a name is
 * made when it is first needed, and starts as the limiter that needs it was opened.
 */

import { booked } from "../../src/shared/booked.ts";
import { fallback, type FallbackOptions } from "../../src/stores/fallback.ts";
import { memory } from "../../src/stores/memory.ts";
import type { Answer, Ledger, Scope, Store } from "../../src/stores/store.ts";
import type { ManualClock } from "../../src/testing/index.ts";
import { type FarStore, farStore } from "../shared/far-store.ts";

export interface Server {
  readonly store: FarStore;
  /** How limiters opened it, one after the other. */
  readonly opened: ("full" | "used")[];
  /** Forgets everything. */
  restart(): void;
}

export function server(clock: ManualClock): Server {
  const far = farStore(clock);
  const opened: ("full" | "used")[] = [];
  let life = 0;
  const open = (scope: Scope): Ledger<false> => {
    opened.push(scope.start);
    const lives = new Map<number, Ledger<false>>();
    const current = (): Ledger<false> => {
      // Each life of a name is a name of its own, and so a ledger of its own, in the far store.
      let ledger = lives.get(life);
      if (!ledger)
        lives.set(life, (ledger = far.open({ ...scope, name: `${life} ${scope.name}` })));
      return ledger;
    };
    return {
      sync: false,
      now: () => current().now(),
      reserve: (ask) => current().reserve(ask),
      amend: (changes) => current().amend(changes),
      peek: (ask, ahead) => current().peek(ask, ahead),
      keys: () => current().keys(),
      close: () => Promise.resolve(),
    };
  };
  return {
    // What is set on it is seen by the ledgers, which look at the far store itself.
    store: Object.setPrototypeOf({ open }, far) as FarStore,
    opened,
    restart: () => void life++,
  };
}

/** Sets what a server does on the far store below it. */
export function far({ store }: Server): FarStore {
  return Object.getPrototypeOf(store) as FarStore;
}

export function guarded(store: Store<false>, options: Partial<FallbackOptions> = {}): Store<false> {
  return fallback(store, { onFailure: "refuse", ...options });
}

/** A synchronous store whose failures are thrown. */
export function nearStore(): Store<true> & { failure: Error | undefined; calls: number } {
  const ledgers = new Map<string, Ledger<true>>();
  const store = {
    sync: true as const,
    waiting: booked({ grace: 0 }),
    failure: undefined as Error | undefined,
    calls: 0,
    open: (scope: Scope): Ledger<true> => {
      if (!ledgers.has(scope.name)) ledgers.set(scope.name, memory().open(scope));
      const ledger = ledgers.get(scope.name)!;
      const call = <T>(act: () => T): T => {
        store.calls++;
        if (store.failure) throw store.failure;
        return act();
      };
      const copy = (answer: Answer): Answer => ({
        ...answer,
        instants: [...answer.instants],
        tickets: [...answer.tickets],
      });
      return {
        sync: true,
        now: () => call(() => ledger.now()),
        reserve: (ask) => call(() => copy(ledger.reserve(ask))),
        amend: (changes) => call(() => ledger.amend(changes)),
        peek: (ask, ahead) => call(() => ledger.peek(ask, ahead)),
        keys: () => call(() => ledger.keys()),
        close: () => undefined,
      };
    },
  };
  return store;
}
