/** Several processes with one limit on one store, on the manual clock: who is served how often. */

import { createLimiter, type LimitsInput } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { type FarOptions, farStore } from "./far-store.ts";

export interface FleetProcess {
  /** Milliseconds after the first at which its callers come. */
  readonly start: number;
  /** Milliseconds to the store and back, one after another in turn. */
  readonly ways: readonly (readonly [there: number, back: number])[];
  /** Milliseconds that its timers are late, in turn. */
  readonly late: readonly number[];
  /** Callers that wait at any time. */
  readonly callers: number;
}

export interface FleetRecord {
  /** When callers of each process went on, in microseconds. */
  readonly ran: readonly (readonly number[])[];
  readonly calls: number;
}

export async function runFleet(
  limits: LimitsInput,
  processes: readonly FleetProcess[],
  seconds: number,
  options: FarOptions = {},
): Promise<FleetRecord> {
  const clock = manualClock();
  const store = farStore(clock, options);
  const next = processes.map(() => ({ way: 0, late: 0 }));
  const wayOf = (i: number): readonly [number, number] => {
    const { ways } = processes[i]!;
    return ways[Math.floor(next[i]!.way++ / 2) % ways.length]!;
  };
  store.there = (i) => wayOf(i)[0];
  store.back = (i) => wayOf(i)[1];
  const ran = processes.map((): number[] => []);
  const limiters = processes.map(({ late }, i) => {
    const setTimer: typeof clock.setTimer = (ms, wake, idle) =>
      clock.setTimer(ms + late[next[i]!.late++ % late.length]!, wake, idle);
    return createLimiter(limits, { store, clock: { ...clock, setTimer }, name: "x" });
  });
  const ends = seconds * 1e6;
  processes.forEach(({ start, callers }, i) => {
    const caller = async (): Promise<void> => {
      while (clock.now() < ends) {
        await limiters[i]!.acquire();
        ran[i]!.push(clock.now());
      }
    };
    const begin = (): void => {
      for (let n = 0; n < callers; n++) caller().catch(() => undefined);
    };
    if (start === 0) begin();
    else clock.setTimer(start, begin);
  });
  await clock.advance(seconds * 1e3);
  for (const limiter of limiters) limiter.cancelWaiting();
  return { ran, calls: store.calls.reserve };
}
