/** Forgets idle keys, so that memory comes back without traffic: one timer that holds no process. */

import type { Clock } from "../../clock.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Scope } from "../store.ts";
import type { Rows } from "./rows.ts";

const LEAST_MS = 1_000;
const MOST_MS = 60_000;
/** A sweep looks at keys for this long, and then lets others run. */
const SLICE_MICROS = 5_000;
/** Keys between two looks at the clock. */
const STRIDE = 256;

export class Sweep {
  readonly #clock: Clock;
  readonly #isWaited: (key: string) => boolean;
  readonly #rows: Rows;
  readonly #tick: () => Moment;
  #cancel: (() => void) | undefined;
  #pass: IterableIterator<string> | undefined;
  /** The first instant at which a key seen in this pass will be idle. */
  #next = Number.POSITIVE_INFINITY;

  constructor({ clock, isWaited }: Scope, rows: Rows, tick: () => Moment) {
    this.#clock = clock;
    this.#isWaited = isWaited;
    this.#rows = rows;
    this.#tick = tick;
  }

  /** Sees to it that a sweep will come. */
  arm(): void {
    this.#cancel ??= this.#clock.setTimer(LEAST_MS, this.#run, true);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#pass = undefined;
  }

  readonly #run = (): void => {
    this.#cancel = undefined;
    const moment = { ...this.#tick() };
    const started = this.#clock.now();
    if (!this.#pass) this.#next = Number.POSITIVE_INFINITY;
    this.#pass ??= this.#rows.keys();
    for (let seen = 1; ; seen++) {
      const { done, value: key } = this.#pass.next();
      if (done) break;
      const idle = this.#rows.idleFrom(this.#rows.any(key), moment);
      if (idle > moment.now) this.#next = Math.min(this.#next, idle);
      else if (!this.#isWaited(key)) this.#rows.forget(key);
      if (seen % STRIDE === 0 && this.#clock.now() - started > SLICE_MICROS) {
        this.#cancel = this.#clock.setTimer(0, this.#run, true);
        return;
      }
    }
    this.#pass = undefined;
    if (this.#rows.size === 0) return;
    const wait = Math.ceil((this.#next - moment.now) / 1e3);
    const ms = Math.min(Math.max(wait, LEAST_MS), MOST_MS);
    this.#cancel = this.#clock.setTimer(ms, this.#run, true);
  };
}
