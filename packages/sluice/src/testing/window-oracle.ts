/**
 * An independent judge: it knows nothing of limits' states, only times and units, in integers, by a
 * sweep with two pointers.
 */

/** One admission: when, in whole microseconds or any unit of time, and how much. */
export interface Admission {
  readonly at: number;
  readonly units: number;
}

/** The fullest window that was found. */
export interface WorstWindow {
  /** The most units in any half-open window of the length. */
  readonly units: number;
  /** Where it begins and what is the last instant in it. */
  readonly from: number;
  readonly to: number;
}

/**
 * The most units in any half-open window `[x, x + span)`.
 *
 * @example
 * worstWindow([{ at: 0, units: 1 }, { at: 999_999, units: 1 }], 1_000_000).units; // 2
 */
export function worstWindow(admissions: readonly Admission[], span: number): WorstWindow {
  const sorted = Array.from(admissions).sort((a, b) => a.at - b.at);
  let worst: WorstWindow = { units: 0, from: 0, to: 0 };
  let first = 0;
  let sum = 0;
  for (const { at, units } of sorted) {
    sum += units;
    while (sorted[first]!.at <= at - span) sum -= sorted[first++]!.units;
    if (sum > worst.units) worst = { units: sum, from: sorted[first]!.at, to: at };
  }
  return worst;
}
