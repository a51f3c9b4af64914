/** Changes on their way to a store that may fail: what it cannot be told now, it is told later. */

import type { Clock } from "../../clock.ts";
import type { Answered, Change, Ledger } from "../store.ts";
import type { Guard } from "./guard.ts";
import { Owed, type Pending } from "./owed.ts";
import { quietly } from "./quietly.ts";

const NONE: readonly number[] = [];

export class Telling {
  readonly #guard: Guard;
  readonly #clock: Clock;
  readonly #pause: number;
  readonly #ledger: () => Ledger<boolean>;
  readonly #owed = new Owed();
  #cancel: (() => void) | undefined;
  #isEnded = false;

  /** @param pause - Milliseconds until what is owed is tried again. */
  constructor(guard: Guard, clock: Clock, pause: number, ledger: () => Ledger<boolean>) {
    this.#guard = guard;
    this.#clock = clock;
    this.#pause = pause;
    this.#ledger = ledger;
  }

  /** Keeps what the store cannot be told, as far as it means the same later; else it fails. */
  tell(changes: readonly Change[]): Answered<boolean, readonly number[]> {
    return this.#send(() => changes.map((change) => ({ change, sent: undefined })));
  }

  /** Tries what is owed once more. */
  again(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const owed = this.#owed.take(this.#clock.now());
    if (owed.length > 0) quietly(() => this.#send(() => owed));
  }

  /** Nothing is tried any more; what is owed still. */
  end(): Change[] {
    this.#isEnded = true;
    this.#cancel?.();
    return this.#owed.take(this.#clock.now()).map(({ change }) => change);
  }

  #send(what: () => readonly Pending[]): Answered<boolean, readonly number[]> {
    let pending: readonly Pending[] | undefined;
    return this.#guard.call<readonly number[]>({
      run: () => {
        const now = this.#clock.now();
        pending = what().map(({ change, sent }) => ({ change, sent: sent ?? now }));
        return this.#ledger().amend(pending.map(({ change }) => change));
      },
      otherwise: (failure) => {
        if ((failure as { code?: unknown }).code === "STORE_CORRUPT") throw failure;
        const isAllKept = this.#owed.keep(pending ?? what());
        this.#later();
        if (!isAllKept) throw failure;
        return NONE;
      },
      writes: true,
    });
  }

  #later(): void {
    if (this.#owed.isEmpty || this.#cancel || this.#isEnded) return;
    this.#cancel = this.#clock.setTimer(this.#pause, () => this.again(), true);
  }
}
