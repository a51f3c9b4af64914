/** The rows of numbers behind the keys: made, found, moved to new limits, forgotten. */

import { idleFrom, type Place, startUsed } from "../../limits/algorithm.ts";
import { fitsBy, grownSize, moveTo, roomFor, sizeOf } from "../../limits/growth.ts";
import type { Site } from "../../limits/history.ts";
import { sameShared } from "../../limits/counterparts.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import { Arena } from "./arena.ts";
import { anyAlone, carryStates, startShared } from "./carry.ts";
import { PlanIndexes } from "./plan-indexes.ts";

const PLAN = 0;
const GATE = 1;

export class Rows {
  arena: Arena = new Arena();
  /** No gate, of a key or of all, is closed after it. */
  latestGate = 0;
  /** Since when a quota has its periods, where it continues one with others. */
  readonly periodsSince: WeakMap<Rule, number> = new WeakMap();
  #commonGate = 0;
  readonly #byKey = new Map<string, number>();
  readonly #plans = new PlanIndexes((index) => this.#dropBlanks(index));
  /** By the index of their plan; 0 for none. */
  #blanks: number[] = [];
  #sharedBlanks: number[] = [];
  /** The row found last: most programs ask for one key at a time. */
  #foundKey: string | undefined;
  #foundPlan: Plan | undefined;
  #foundRow = 0;
  /** The limiter's own row; 0 until a plan is known. */
  #shared = 0;
  /** Whether keys may have passed while the limiter had no limits of its own. */
  #alone = false;
  readonly #start: "full" | "used";
  readonly #opened: Moment;

  constructor(start: "full" | "used", opened: Moment) {
    this.#start = start;
    this.#opened = opened;
  }

  get size(): number {
    return this.#byKey.size;
  }

  keys(): IterableIterator<string> {
    return this.#byKey.keys();
  }

  /** The base of a key's row under this plan; 0 when there is none. */
  find(key: string, plan: Plan): number {
    return key === this.#foundKey && plan === this.#foundPlan
      ? this.#foundRow
      : this.#find(key, plan);
  }

  #find(key: string, plan: Plan): number {
    const row = this.#byKey.get(key);
    if (row === undefined) return 0;
    let found = row;
    if (this.arena.cells[row + PLAN] !== this.#plans.of(plan)) {
      // What the limiter's row starts with depends on what the keys have.
      if (plan.hasShared) this.seenShared(plan);
      found = this.#migrate(row, plan, false);
      this.#byKey.set(key, found);
    }
    this.#foundKey = key;
    this.#foundPlan = plan;
    this.#foundRow = found;
    return found;
  }

  /** The base of a key's row under whatever plan it has. */
  any(key: string): number {
    return this.#byKey.get(key) ?? 0;
  }

  /** An empty row under this plan, to be looked at and never written. */
  blank(plan: Plan): number {
    const index = this.#plans.look(plan);
    return (this.#blanks[index] ||= this.#make(plan, index, false));
  }

  create(key: string, plan: Plan): number {
    if (!plan.hasShared) this.#alone = true;
    const row = this.#make(plan, this.#plans.take(plan), false);
    this.#byKey.set(key, row);
    return row;
  }

  /** The limiter's own row, or an empty one to be looked at while there is none. */
  seenShared(plan: Plan): number {
    if (this.#shared === 0 && this.#alone) {
      this.#alone = false;
      if (anyAlone(this, plan)) startShared(this, this.shared(plan));
    }
    if (this.#shared !== 0) return this.shared(plan);
    const index = this.#plans.look(plan);
    return (this.#sharedBlanks[index] ||= this.#make(plan, index, true));
  }

  /** The limiter's own row under this plan. */
  shared(plan: Plan): number {
    if (this.#shared === 0) this.#shared = this.#make(plan, this.#plans.take(plan), true);
    else if (this.arena.cells[this.#shared + PLAN] !== this.#plans.of(plan)) this.#replan(plan);
    return this.#shared;
  }

  /** Brings the limiter's own row under a plan; those of single keys differ in the keys' limits only. */
  #replan(plan: Plan): void {
    const row = this.#shared;
    if (!sameShared(this.planOf(row), plan)) {
      this.#shared = this.#migrate(row, plan, true);
      return;
    }
    const old = this.arena.cells[row + PLAN]!;
    this.arena.cells[row + PLAN] = this.#plans.take(plan);
    this.#plans.give(old);
  }

  hasShared(): boolean {
    return this.#shared !== 0;
  }

  /** The limiter's own row under whatever plan it has; 0 when there is none. */
  get sharedRow(): number {
    return this.#shared;
  }

  /** Nothing passes before it, whatever the key. */
  get commonGate(): number {
    return this.#commonGate;
  }

  setCommonGate(until: number): void {
    this.#commonGate = until;
    if (until > this.latestGate) this.latestGate = until;
  }

  gate(row: number): number {
    return this.arena.cells[row + GATE]!;
  }

  setGate(row: number, until: number): void {
    if (until > this.latestGate) this.latestGate = until;
    this.arena.cells[row + GATE] = until;
  }

  planOf(row: number): Plan {
    return this.#plans.plan(this.arena.cells[row + PLAN]!);
  }

  /** Where a rule's state is; base 0, the empty state, while nothing has grown. */
  baseOf(rule: Rule, row: number): number {
    return rule.grows ? this.arena.cells[row + rule.offset]! : row + rule.offset;
  }

  place(rule: Rule, row: number): Place {
    return { cells: this.arena.cells, base: this.baseOf(rule, row) };
  }

  /** The base of a rule's state with room for `cost` at `now` or later. */
  roomy(rule: Rule, row: number, cost: number, now: number): number {
    const base = this.baseOf(rule, row);
    if (!rule.grows) return base;
    if (base !== 0 && fitsBy(rule.kind, rule.limit, this.arena.cells, base, cost, now)) return base;
    const size = roomFor(rule.limit, this.arena.cells, base, cost, now);
    return base !== 0 && size === grownSize(rule.limit, { cells: this.arena.cells, base })
      ? base
      : this.#grow(rule, row, size);
  }

  /** When all states of the row equal the empty ones. */
  idleFrom(row: number, moment: Moment, shared = false): number {
    let idle = this.gate(row);
    for (const rule of this.planOf(row).rules) {
      if (rule.shared !== shared) continue;
      const from = idleFrom(rule.limit, this.place(rule, row), moment);
      if (from > idle) idle = from;
    }
    return idle;
  }

  forget(key: string): void {
    const row = this.#byKey.get(key);
    if (row === undefined) return;
    this.#byKey.delete(key);
    this.#foundKey = undefined;
    this.#drop(row, false);
    if (this.#byKey.size === 0 || this.arena.wasteful) this.#compact();
  }

  forgetShared(): void {
    if (this.#shared === 0) return;
    this.#drop(this.#shared, true);
    this.#shared = 0;
  }

  /** Builds a rule's state of a row from outside. */
  site(rule: Rule, row: number): Site {
    return {
      place: () => this.place(rule, row),
      grow: (size) => {
        this.#grow(rule, row, size);
      },
    };
  }

  #make(plan: Plan, index: number, shared: boolean): number {
    const row = this.arena.take(shared ? plan.sharedSize : plan.rowSize);
    this.arena.cells[row + PLAN] = index;
    if (this.#start === "used") {
      for (const rule of plan.rules) if (rule.shared === shared) this.use(rule, row, this.#opened);
    }
    return row;
  }

  /** As if all of a rule had been used at that moment. */
  use(rule: Rule, row: number, moment: Moment): void {
    if (rule.grows && this.baseOf(rule, row) === 0) this.#grow(rule, row, sizeOf(rule.limit));
    startUsed(rule.limit, this.place(rule, row), moment);
  }

  #grow(rule: Rule, row: number, size: number): number {
    const old = this.baseOf(rule, row);
    const base = this.arena.take(size);
    const { cells } = this.arena;
    moveTo(rule.limit, cells, old, cells, base, size);
    if (old !== 0) this.arena.give(old, grownSize(rule.limit, { cells, base: old }));
    cells[row + rule.offset] = base;
    return base;
  }

  #drop(row: number, shared: boolean): void {
    const index = this.arena.cells[row + PLAN]!;
    this.#release(row, shared);
    this.#plans.give(index);
  }

  #dropBlanks(index: number): void {
    const [blank, shared] = [this.#blanks[index], this.#sharedBlanks[index]];
    if (blank) this.#release(blank, false);
    if (shared) this.#release(shared, true);
    this.#blanks[index] = 0;
    this.#sharedBlanks[index] = 0;
  }

  #release(row: number, shared: boolean): void {
    const plan = this.planOf(row);
    for (const rule of plan.rules) {
      if (rule.shared !== shared || !rule.grows) continue;
      const place = this.place(rule, row);
      if (place.base !== 0) this.arena.give(place.base, grownSize(rule.limit, place));
    }
    this.arena.give(row, shared ? plan.sharedSize : plan.rowSize);
  }

  /** A row under new limits. */
  #migrate(row: number, plan: Plan, shared: boolean): number {
    const made = this.arena.take(shared ? plan.sharedSize : plan.rowSize);
    this.arena.cells[made + PLAN] = this.#plans.take(plan);
    this.setGate(made, this.gate(row));
    carryStates(this, row, made, shared);
    this.#drop(row, shared);
    return made;
  }

  /** Moves the rows that are left into a new, small arena. */
  #compact(): void {
    const old = this.arena;
    this.#foundKey = undefined;
    this.arena = new Arena();
    this.#blanks = [];
    this.#sharedBlanks = [];
    const carry = (row: number, shared: boolean): number => {
      const plan = this.#plans.plan(old.cells[row + PLAN]!);
      const size = shared ? plan.sharedSize : plan.rowSize;
      const moved = this.arena.take(size);
      this.arena.cells.set(old.cells.subarray(row, row + size), moved);
      for (const rule of plan.rules) {
        const base = old.cells[row + rule.offset]!;
        if (rule.shared !== shared || !rule.grows || base === 0) continue;
        const grown = grownSize(rule.limit, { cells: old.cells, base });
        const target = this.arena.take(grown);
        this.arena.cells.set(old.cells.subarray(base, base + grown), target);
        this.arena.cells[moved + rule.offset] = target;
      }
      return moved;
    };
    if (this.#shared !== 0) this.#shared = carry(this.#shared, true);
    for (const [key, row] of this.#byKey) this.#byKey.set(key, carry(row, false));
  }
}
