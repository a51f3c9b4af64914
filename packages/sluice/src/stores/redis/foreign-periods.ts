/**
 * The calendar periods by which other callers of the same name count. What is taken is booked in their
 * states too, for which the scripts need borders that only TypeScript can compute: they say which.
 */

import type { QuotaLimit } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { messageOf } from "../remote/failures.ts";
import { bordersOf, keptForHours, type Reach } from "../remote/plan-numbers.ts";

export class ForeignPeriods {
  readonly #known = new Map<string, (reach: Reach) => string[]>();

  /** Whether the failure names a period that was not known. */
  learn(cause: unknown): boolean {
    const found = /SLUICE_PERIOD ((day|week|month)@([^~\s]+)\S*)/.exec(messageOf(cause));
    const [, shape, period, timeZone] = found ?? [];
    if (shape === undefined || this.#known.has(shape)) return false;
    const limit = { kind: "quota", period, timeZone } as QuotaLimit;
    const write = (reach: Reach): string[] => {
      const borders = bordersOf(limit, reach);
      return [shape, String(borders.length), ...borders.map(String)];
    };
    this.#known.set(shape, keptForHours(true, write));
    return true;
  }

  /** How many periods, and each with its borders; a plan without a quota has nothing to do with them. */
  args(plan: Plan, reach: Reach): string[] {
    if (!plan.hasQuota || this.#known.size === 0) return ["0"];
    return [
      String(this.#known.size),
      ...[...this.#known.values()].flatMap((write) => write(reach)),
    ];
  }
}
