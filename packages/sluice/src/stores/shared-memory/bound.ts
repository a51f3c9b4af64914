/** A plan as rows see it: which of a row's states each rule reads, and what becomes of others. */

import { type Place, startUsed } from "../../limits/algorithm.ts";
import { pairs, related, sameLimit } from "../../limits/counterparts.ts";
import { migrateState, type Site } from "../../limits/history.ts";
import {
  type AnyLimit,
  DEFAULT_LEASE,
  type Moment,
  type PaceLimit,
  type WindowLimit,
} from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { move, RING_HEADER } from "../../limits/window/ring.ts";
import { LimitsConflictError } from "../../errors.ts";
import { show } from "../../time.ts";
import type { Draft } from "./draft.ts";
import type { OldStates } from "./old-states.ts";
import type { Part, Shape, Shapes } from "./shapes.ts";

/** For each rule of a plan the index of its state; -1 for what is in the other row. */
type Binding = readonly number[];

export class Bound {
  readonly plan: Plan;
  /** The limits of the rules, slots with a lease. */
  readonly limits: readonly AnyLimit[];
  /** Whether any is an exact window. */
  readonly hasLog: boolean;
  /** The limit of the only rule, when that is one for which there is a short way. */
  readonly alone: PaceLimit | WindowLimit | undefined;
  readonly #shapes: Shapes;
  readonly #bindings = [
    new Map<Shape, Binding | undefined>(),
    new Map<Shape, Binding | undefined>(),
  ];
  /** The newest of them: most keys have one shape. */
  #lastOwn: Shape | undefined;
  #lastShared: Shape | undefined;
  #ownBinding: Binding = [];
  #sharedBinding: Binding = [];
  /** The states of a new key's row, and of a new limiter's. */
  readonly #cold: readonly [Shape, Shape];

  constructor(plan: Plan, shapes: Shapes) {
    this.plan = plan;
    this.hasLog = plan.rules.some(({ kind }) => kind === "window");
    this.#shapes = shapes;
    const only = plan.rules.length === 1 && !plan.hasShared ? plan.rules[0]!.limit : undefined;
    this.alone = only?.kind === "pace" || only?.kind === "window" ? only : undefined;
    this.limits = plan.rules.map(({ limit }) =>
      limit.kind === "concurrency" && limit.lease === 0
        ? { ...limit, lease: DEFAULT_LEASE }
        : limit,
    );
    this.#cold = [shapes.of(this.#parts(false)), shapes.of(this.#parts(true))];
  }

  /** Whether the first state of a key's row, which has no other, is the one for the only rule. */
  bindsAlone(shape: Shape): boolean {
    return shape === this.#lastOwn && shape.parts.length === 1;
  }

  coldShape(shared: boolean): Shape {
    return this.#cold[shared ? 1 : 0];
  }

  /**
   * Makes a draft one that has a state for each rule of its scope.
   *
   * @throws `LIMITS_CONFLICT` when it has another kind of limit in the place of one.
   */
  bind(draft: Draft, shared: boolean, moment: Moment): Binding {
    const { shape } = draft;
    if (shared ? shape === this.#lastShared : shape === this.#lastOwn) {
      return shared ? this.#sharedBinding : this.#ownBinding;
    }
    const bindings = this.#bindings[shared ? 1 : 0]!;
    let binding = bindings.get(shape);
    if (!binding && !bindings.has(shape)) {
      binding = this.#find(shape, shared);
      bindings.set(shape, binding);
    }
    if (binding) {
      if (shared) [this.#lastShared, this.#sharedBinding] = [shape, binding];
      else [this.#lastOwn, this.#ownBinding] = [shape, binding];
      return binding;
    }
    this.#adapt(draft, shared, moment);
    return this.bind(draft, shared, moment);
  }

  /** The states that continue the rules, as far as there are any: for what was admitted before. */
  counterparts(draft: Draft, shared: boolean): Binding {
    return this.#match(draft.shape.parts, shared, related);
  }

  #parts(shared: boolean): Part[] {
    return this.plan.rules.flatMap((rule, i) =>
      rule.shared === shared ? [{ costName: rule.costName, limit: this.limits[i]! }] : [],
    );
  }

  /** The binding to a shape whose numbers mean the same; `undefined` when some do not. */
  #find(shape: Shape, shared: boolean): Binding | undefined {
    const binding = this.#match(shape.parts, shared, interchangeable);
    const whole = this.plan.rules.every((rule, i) => rule.shared !== shared || binding[i]! >= 0);
    return whole ? binding : undefined;
  }

  #match(
    parts: readonly Part[],
    shared: boolean,
    fits: (a: AnyLimit, b: AnyLimit) => boolean,
  ): number[] {
    const found = pairs(this.#parts(shared), parts, fits);
    let next = 0;
    return this.plan.rules.map((rule) => (rule.shared === shared ? found[next++]! : -1));
  }

  /** Builds the states of these numbers from those there are; what others need stays behind them. */
  #adapt(draft: Draft, shared: boolean, moment: Moment): void {
    const old = draft.shape.parts;
    const isIdle = draft.idleAt <= moment.now;
    const match = this.#match(old, shared, related);
    const left = old.filter((_, at) => !match.includes(at));
    const mine = this.#parts(shared);
    const kept = isIdle ? [] : left;
    if (!isIdle) this.#check(match, left, shared);
    const parts = [...this.#kept(match, old, mine, shared), ...kept];
    const shape = this.#shapes.of(parts);
    const from = draft.reshapeFrom(shape);
    const sources = [
      ...match.filter((_, i) => this.plan.rules[i]!.shared === shared),
      ...kept.map((part) => old.indexOf(part)),
    ];
    parts.forEach((_, at) => this.#continue(from, sources[at]!, draft, at, isIdle, moment));
    old.forEach((part, source) => {
      const at = sources.indexOf(source);
      if (at < 0 || !interchangeable(part.limit, parts[at]!.limit)) from.leave(source, draft);
    });
  }

  /** Fills one state of a new shape from an old one; -1 for none. */
  #continue(
    from: OldStates,
    source: number,
    draft: Draft,
    at: number,
    isIdle: boolean,
    moment: Moment,
  ): void {
    const { limit } = draft.shape.parts[at]!;
    const old = from.shape.parts[source]?.limit;
    if (old && interchangeable(old, limit)) return from.moveTo(source, draft, at);
    let flat: Place = { cells: new Float64Array(RING_HEADER), base: 0 };
    const site: Site =
      limit.kind === "window"
        ? {
            place: () => flat,
            grow: (size) => {
              const cells = new Float64Array(size);
              move(flat.cells, 0, cells, 0, size);
              flat = { cells, base: 0 };
            },
          }
        : { place: () => draft.place(at), grow: (size) => draft.resize(at, size) };
    const known = old !== undefined && migrateState(old, from.flat(source), limit, site, moment);
    const starts = limit.kind !== "concurrency" && !isStateless(limit) && !isIdle;
    if (!known && starts) startUsed(limit, site.place(), moment);
    if (limit.kind === "window") draft.unflatten(at, flat, limit);
  }

  /** Mine, but for rings and slots, whose numbers stay those that were first seen. */
  #kept(match: Binding, old: readonly Part[], mine: readonly Part[], shared: boolean): Part[] {
    const matched = match.filter((_, i) => this.plan.rules[i]!.shared === shared);
    return mine.map((part, i) => {
      const other = old[matched[i]!];
      return other && interchangeable(other.limit, part.limit) ? other : part;
    });
  }

  #check(match: Binding, left: readonly Part[], shared: boolean): void {
    this.plan.rules.forEach(({ shared: scope, costName, names }, i) => {
      const limit = this.limits[i]!;
      if (scope !== shared || match[i]! >= 0 || isStateless(limit)) return;
      const other = left.find((part) => part.costName === costName && !isStateless(part.limit));
      if (!other) return;
      throw new LimitsConflictError(
        `the limit ${show(names[0])} is a ${limit.kind}, and another limiter of the same name has a ${other.limit.kind} in its place; give the limiter another name, or the same kinds of limits.`,
      );
    });
  }
}

function isStateless(limit: AnyLimit): boolean {
  return limit.kind === "unlimited" || limit.kind === "blocked";
}

/** Whether the same numbers serve both: logs and slots are judged by whoever asks. */
function interchangeable(a: AnyLimit, b: AnyLimit): boolean {
  if (a.kind !== b.kind) return false;
  return a.kind === "window" || a.kind === "concurrency" || isStateless(a) || sameLimit(a, b);
}
