/** Which limits hold for which key: the limiter's, those of `limitsFor`, those of `setLimits`. */

import { compile, type LimitsInput, type Plan, type Since } from "./limits/plan.ts";

/** How many answers of `limitsFor` are kept. */
const MOST_CACHED = 65_536;
/** How many plans that were replaced are kept: programs may change their limits every second. */
const MOST_PAST = 1_024;

export class Plans {
  base: Plan;
  /** The plan of every key, while none has limits of its own. */
  #sole: Plan | undefined;
  #limits: LimitsInput;
  readonly #margin: number;
  /** Fits a plan to the kind of store. */
  readonly #adapt: (plan: Plan) => Plan;
  readonly #limitsFor: ((key: string) => LimitsInput | undefined) | undefined;
  /** Set by `setLimits` for single keys. */
  readonly #own = new Map<string, Plan>();
  readonly #cached = new Map<string, Plan>();
  /** The plans in `#cached`: keys whose limits are the same have the same one. */
  readonly #byText = new Map<string, Plan>();
  /** The plans replaced last, by their texts: rows that nobody asked for are still theirs. */
  readonly #past = new Map<string, Plan>();
  #since: Since;

  constructor(
    limits: LimitsInput,
    margin: number,
    since: Since,
    adapt: (plan: Plan) => Plan,
    limitsFor?: (key: string) => LimitsInput | undefined,
  ) {
    this.#limits = limits;
    this.#margin = margin;
    this.#adapt = adapt;
    this.#limitsFor = limitsFor;
    this.#since = since;
    this.base = this.#compile(limits);
    this.#sole = limitsFor === undefined ? this.base : undefined;
  }

  of(key: string): Plan {
    return this.#sole ?? this.#ofKey(key);
  }

  /** The same where keys differ. */
  #ofKey(key: string): Plan {
    return this.#own.get(key) ?? this.#cached.get(key) ?? this.#ask(key);
  }

  /** New limits for all keys, or for one. */
  set(limits: LimitsInput, since: Since, key?: string): void {
    if (key !== undefined) {
      const own = this.#compile(limits, since, this.#limits);
      this.#replaced(this.#own.get(key) ?? this.#cached.get(key) ?? this.base);
      this.#own.set(key, own);
      this.#sole = undefined;
      return;
    }
    const base = this.#compile(limits, since);
    for (const plan of this.#own.values()) this.#replaced(plan);
    for (const plan of this.#byText.values()) this.#replaced(plan);
    this.#replaced(this.base);
    this.base = base;
    this.#sole = this.#limitsFor === undefined ? this.base : undefined;
    this.#limits = limits;
    this.#since = since;
    this.#own.clear();
    this.#cached.clear();
    this.#byText.clear();
  }

  /** The plan whose numbers have this text, if it is or was in force for some key. */
  byText(text: string): Plan | undefined {
    if (this.base.text === text) return this.base;
    const known = this.#byText.get(text) ?? this.#past.get(text);
    if (known) return known;
    for (const plan of this.#own.values()) if (plan.text === text) return plan;
    return undefined;
  }

  #replaced(plan: Plan): void {
    this.#past.delete(plan.text);
    this.#past.set(plan.text, plan);
    if (this.#past.size <= MOST_PAST) return;
    for (const oldest of this.#past.keys()) {
      this.#past.delete(oldest);
      return;
    }
  }

  #compile(limits: LimitsInput, since: Since = this.#since, base?: LimitsInput): Plan {
    return this.#adapt(compile(limits, this.#margin, since, base));
  }

  #ask(key: string): Plan {
    const limits = this.#limitsFor?.(key);
    let plan = this.base;
    if (this.#cached.size >= MOST_CACHED) {
      this.#cached.clear();
      this.#byText.clear();
    }
    if (limits !== undefined) {
      plan = this.#compile(limits, this.#since, this.#limits);
      const known = this.#byText.get(plan.text);
      if (known) plan = known;
      else this.#byText.set(plan.text, plan);
    }
    this.#cached.set(key, plan);
    return plan;
  }
}
