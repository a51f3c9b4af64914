/**
 * A decision about a few limits of different kinds, now or never. It does what `Decision` does for
 * any limits, in a row: so every call has one kind, and no number need be allocated to be passed on.
 */

import type { Costs } from "../../costs.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import type { Moment } from "../../limits/limit.ts";
import * as pace from "../../limits/pace/pace.ts";
import type { Few } from "../../limits/shortcuts.ts";
import * as ring from "../../limits/window/ring.ts";
import type { Decision } from "./decision.ts";
import type { Rows } from "./rows.ts";

export class FewLimits {
  readonly #rows: Rows;
  readonly #decision: Decision;

  constructor(rows: Rows, decision: Decision) {
    this.#rows = rows;
    this.#decision = decision;
  }

  /** Whether all of them let a cost pass now. */
  fit(few: Few, row: number, cost: Costs, { now }: Moment): boolean {
    const { window, pace: even, slots: held } = few;
    const { cells } = this.#rows.arena;
    if (window !== undefined && cost[window.index] !== 0) {
      const base = cells[row + window.offset]!;
      if (ring.earliest(window.limit, cells, base, cost[window.index]!, now) !== now) return false;
    }
    if (even !== undefined && cost[even.index] !== 0) {
      const base = row + even.offset;
      if (pace.earliest(even.limit, cells, base, cost[even.index]!, now, now) !== now) return false;
    }
    if (held === undefined || cost[held.index] === 0) return true;
    const base = cells[row + held.offset]!;
    return slots.earliest(held.limit, cells, base, cost[held.index]!, now) === now;
  }

  /** Takes from all of them what fits. */
  commit(few: Few, row: number, cost: Costs, moment: Moment, ticket: number): void {
    const { window, pace: even, slots: held } = few;
    const { now } = moment;
    const { arena } = this.#rows;
    if (window !== undefined && cost[window.index] !== 0) {
      const units = cost[window.index]!;
      const put = ring.put(
        window.limit,
        arena.cells,
        arena.cells[row + window.offset]!,
        units,
        now,
      );
      if (!put) this.#decision.commitTo(window, row, units, now, moment, ticket);
    }
    if (even !== undefined && cost[even.index] !== 0) {
      const units = cost[even.index]!;
      pace.commit(even.limit, arena.cells, row + even.offset, units, now, now, now);
    }
    if (held !== undefined && cost[held.index] !== 0) {
      const units = cost[held.index]!;
      const base = arena.cells[row + held.offset]!;
      const put = slots.put(held.limit, arena.cells, base, units, now, ticket);
      if (!put) this.#decision.commitTo(held, row, units, now, moment, ticket);
    }
  }
}
