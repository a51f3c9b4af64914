/** What a step decides on its drafts: the earliest instant over all limits, and the commit of it. */

import type { Costs } from "../../costs.ts";
import { type Earliest, later, type Moment } from "../../limits/limit.ts";
import type { Bound } from "./bound.ts";
import type { Draft } from "./draft.ts";
import { GATE, TICKET } from "./record.ts";
import type { Step } from "./step.ts";

export class Decision {
  /** What the key's own limits and gate said last. */
  ownUntil = 0;
  /** Which rule bound; -1 for a gate. */
  rule = -1;
  readonly #step: Step;
  /** The gate of all keys, and when the limiter's row was read for it. */
  #gate = 0;
  #gateGeneration = Number.NaN;

  constructor(step: Step) {
    this.#step = step;
  }

  /** For the key's row and for the limiter's: which of its states each rule reads. */
  bindings(bound: Bound, moment: Moment): readonly (readonly number[])[] {
    const { key, root } = this.#step;
    const { hasShared } = bound.plan;
    return [bound.bind(key, false, moment), hasShared ? bound.bind(root, true, moment) : []];
  }

  /** The maximum over all limits and gates; notes what the key's own say, and which one binds. */
  earliest(bound: Bound, cost: Costs, moment: Moment): Earliest {
    const { key, root } = this.#step;
    const { now } = moment;
    const { rules, hasShared } = bound.plan;
    const own = bound.bind(key, false, moment);
    const shared = hasShared ? bound.bind(root, true, moment) : own;
    let mine: Earliest = Math.max(now, key.cells[GATE]!);
    let all: Earliest = Math.max(mine, this.gateOfAll());
    this.rule = -1;
    for (let i = 0; i < rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const isShared = rules[i]!.shared;
      const draft = isShared ? root : key;
      const part = (isShared ? shared : own)[i]!;
      const earliest = draft.earliest(part, bound.limits[i]!, units, moment);
      if (earliest >= 0 && earliest <= now) continue;
      const both = later(all, earliest);
      if (both !== all) this.rule = i;
      all = both;
      if (!isShared) mine = later(mine, earliest);
    }
    this.ownUntil = mine;
    return all;
  }

  /** The gate of all keys. */
  gateOfAll(): number {
    const step = this.#step;
    if (step.governed) return step.root.cells[GATE]!;
    if (step.rootGeneration() !== this.#gateGeneration) {
      step.readRoot();
      this.#gate = step.root.cells[GATE]!;
      this.#gateGeneration = step.root.generation;
    }
    return this.#gate;
  }

  /** A step enters a few instants into a log at the most; what is left is another step. */
  takes(bound: Bound, cost: Costs, at: number, moment: Moment): boolean {
    if (!bound.hasLog) return true;
    const { rules } = bound.plan;
    for (let i = 0; i < rules.length; i++) {
      const { shared } = rules[i]!;
      const draft = this.#draft(shared);
      const part = bound.bind(draft, shared, moment)[i]!;
      if (cost[i] !== 0 && !draft.takes(part, bound.limits[i]!, at)) return false;
    }
    return true;
  }

  commit(bound: Bound, cost: Costs, at: number, moment: Moment): number {
    const { key, root, governed } = this.#step;
    const ticket = Math.max(key.cells[TICKET]!, governed ? root.cells[TICKET]! : 0) + 1;
    key.cells[TICKET] = ticket;
    if (governed) root.cells[TICKET] = ticket;
    const { rules } = bound.plan;
    for (let i = 0; i < rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const { shared } = rules[i]!;
      const draft = this.#draft(shared);
      const part = bound.bind(draft, shared, moment)[i]!;
      draft.commit(part, bound.limits[i]!, units, at, moment, ticket);
    }
    return ticket;
  }

  #draft(shared: boolean): Draft {
    return shared ? this.#step.root : this.#step.key;
  }
}
