/** Judges a run by the callers' own clock, in whole microseconds. */

import { worstWindow } from "sluice/testing";
import type { Scenario } from "./scenarios.ts";

/** When callers came and went on, in ms of `performance.now()`: numbers, which leave no garbage. */
export interface Recording {
  /** By number of arrival. */
  readonly arrivals: Float64Array;
  /** In order of admission: who, and when. */
  readonly admitted: Float64Array;
  readonly at: Float64Array;
}

export interface Judgement {
  /** The fullest window over the limit; for a pace the most admissions over its bound, plus 1. */
  readonly worst: number;
  /** The most admissions in a window; for a pace, in 1 s. */
  readonly most: number;
  readonly use: number;
  readonly inOrder: boolean;
  readonly admitted: number;
}

export function judge(scenario: Scenario, { arrivals, admitted, at: times }: Recording): Judgement {
  const at = Array.from(times, (time) => Math.floor(time * 1e3));
  const stamped = at.map((instant) => ({ at: instant, units: 1 }));
  const most = worstWindow(stamped, scenario.span * 1e3).units;
  return {
    most,
    worst: scenario.kind === "window" ? most / scenario.count : 1 + paceExcess(scenario, at),
    use: scenario.bursts
      ? burstUse(scenario, arrivals, at)
      : steadyUse(scenario, at.length, at.at(-1)! - at[0]!),
    inOrder: admitted.every((number, i) => number === i),
    admitted: admitted.length,
  };
}

/** Ideal over real time of the last admission, counted from the first. */
function steadyUse({ kind, count, span }: Scenario, admitted: number, real: number): number {
  const windows = (admitted - 1) / count;
  return ((kind === "window" ? Math.floor(windows) : windows) * span * 1e3) / real;
}

/**
 * Ideal over real time from the arrival of each burst to its last admission, all bursts together;
 * ideal is the earliest instant that a window allows after ideal instants before it.
 */
function burstUse(
  { count, span, bursts }: Scenario,
  arrivals: Float64Array,
  at: readonly number[],
): number {
  const ideal: number[] = [];
  let [wished, real, last] = [0, 0, -1];
  for (const [, jobs] of bursts!) {
    const first = last + 1;
    last += jobs;
    for (let i = first; i <= last; i++) {
      const arrived = arrivals[i]! * 1e3;
      ideal.push(i < count ? arrived : Math.max(arrived, ideal[i - count]! + span * 1e3));
    }
    const came = arrivals[first]! * 1e3;
    wished += ideal[last]! - came;
    real += (at[last] ?? at.at(-1)!) - came;
  }
  return wished / real;
}

/**
 * By how many admissions any half-open window of any length exceeds what a pace promises (burst 1):
 * catchUp + ceil(rate * length). Every pair of admissions spans the shortest window with both.
 */
function paceExcess({ count, span, catchUp = 0 }: Scenario, at: readonly number[]): number {
  const sorted = at.toSorted((a, b) => a - b);
  let excess = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < sorted.length; i++) {
    for (let j = i; j < sorted.length; j++) {
      const length = sorted[j]! - sorted[i]! + 1;
      const bound = catchUp + Math.ceil((length * count) / (span * 1e3));
      excess = Math.max(excess, j - i + 1 - bound);
    }
  }
  return excess;
}
