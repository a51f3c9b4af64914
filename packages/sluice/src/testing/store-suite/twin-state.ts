/** A state of its own for one rule, worked on by nothing but the pure functions. */

import {
  capacityOf,
  commitTo,
  earliestOf,
  idleFrom,
  refundTo,
  startUsed,
  usedOf,
} from "../../limits/algorithm.ts";
import { grownSize, grows, moveTo, roomFor, sizeOf } from "../../limits/growth.ts";
import { type AnyLimit, type Earliest, isHeld, type Moment, NEVER } from "../../limits/limit.ts";
import type { RuleView } from "../../stores/store.ts";

export class TwinState {
  readonly limit: AnyLimit;
  #cells: Float64Array;

  constructor(limit: AnyLimit) {
    this.limit = limit;
    this.#cells = new Float64Array(sizeOf(limit));
  }

  earliest(cost: number, moment: Moment): Earliest {
    return earliestOf(this.limit, this.#cells, 0, cost, moment);
  }

  commit(cost: number, at: number, moment: Moment, ticket: number): void {
    if (grows(this.limit)) {
      const size = roomFor(this.limit, this.#cells, 0, cost, moment.now);
      if (size !== grownSize(this.limit, { cells: this.#cells, base: 0 })) {
        const grown = new Float64Array(size);
        moveTo(this.limit, this.#cells, 0, grown, 0, size);
        this.#cells = grown;
      }
    }
    commitTo(this.limit, this.#cells, 0, cost, at, moment, ticket);
  }

  /** What was used instead of the cost. */
  settle(cost: number, actual: number, at: number, moment: Moment, ticket: number): void {
    const units = cost - actual;
    const place = { cells: this.#cells, base: 0 };
    if (units > 0) refundTo(this.limit, place, { units, cost, at, ticket }, moment);
    else if (units < 0 && this.limit.kind !== "concurrency") this.#charge(-units, moment);
  }

  /** In pieces that the limit can hold, each at its own earliest instant. */
  #charge(units: number, moment: Moment): void {
    const piece = this.limit.kind === "pace" ? units : capacityOf(this.limit);
    for (let left = units; left > 0; left -= piece) {
      const cost = Math.min(left, piece);
      const earliest = this.earliest(cost, moment);
      const at = earliest === NEVER || isHeld(earliest) ? moment.now : earliest;
      this.commit(cost, at, moment, 0);
    }
  }

  startUsed(moment: Moment): void {
    startUsed(this.limit, { cells: this.#cells, base: 0 }, moment);
  }

  /** Each rate of a ring as if it were alone. */
  views(moment: Moment): RuleView[] {
    const { limit } = this;
    const place = { cells: this.#cells, base: 0 };
    const each: readonly AnyLimit[] =
      limit.kind === "window"
        ? limit.rates.map((rate) => ({
            ...limit,
            rates: [rate],
            most: rate.count,
            widest: rate.span,
          }))
        : [limit];
    return each.map((one) => ({
      used: usedOf(one, place, moment),
      resetAt: Math.max(moment.now, idleFrom(one, place, moment)),
    }));
  }
}
