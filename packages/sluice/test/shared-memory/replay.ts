// Law 8 on what several threads were granted: the pure functions give the same instants.
import { expect } from "vitest";
import { commitTo, earliestOf, type Place } from "../../src/limits/algorithm.ts";
import { moveTo, roomFor, sizeOf } from "../../src/limits/growth.ts";
import type { Plan } from "../../src/limits/plan.ts";
import type { Answer } from "../../src/stores/store.ts";

/** An admission, and how much it took. */
export interface Given {
  readonly answer: Pick<Answer, "now" | "instants" | "tickets">;
  readonly units: number;
}

/** Plays the admissions of one limit's key in the order of their tickets, at their own `now`. */
export function replay(plan: Plan, answers: readonly Given[]): void {
  const { limit } = plan.rules[0]!;
  let place: Place = { cells: new Float64Array(sizeOf(limit)), base: 0 };
  const ordered = answers.toSorted((a, b) => a.answer.tickets[0]! - b.answer.tickets[0]!);
  for (const { answer, units } of ordered) {
    const { now, instants, tickets } = answer;
    const moment = { now, wall: now, since: now };
    const { cells } = place;
    expect(earliestOf(limit, cells, 0, units, moment)).toBe(instants[0]);
    const size = roomFor(limit, cells, 0, units, now);
    if (size > cells.length) {
      place = { cells: new Float64Array(size), base: 0 };
      moveTo(limit, cells, 0, place.cells, 0, size);
    }
    commitTo(limit, place.cells, 0, units, instants[0]!, moment, tickets[0]!);
  }
}
