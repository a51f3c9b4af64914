/** Judges what the processes of a fleet recorded, with zero tolerance. */

import { worstWindow } from "sluice/testing";
import type { FleetLimit } from "./limits.ts";
import type { NodeReport } from "./node.ts";

export interface Judgement {
  /** The fullest window over what is promised, by when callers went on and by granted instants. */
  readonly byCallers: number;
  readonly byInstants: number;
  /** Of what the limits let through in whole periods, W/(W+G) of the rate. */
  readonly use: number;
  /** Round trips to the store for an admission. */
  readonly calls: number;
  /** The least that one of the busy processes had of all admissions. */
  readonly leastShare: number;
  readonly cpuMicros: number;
  readonly admissions: number;
}

export function judge(
  reports: readonly NodeReport[],
  limit: FleetLimit,
  graceMs: number,
): Judgement {
  const ran = merged(reports.map((report) => report.ran));
  const instants = merged(reports.map((report) => report.instants.map((ms) => ms * 1e3)));
  const busy = reports.filter((report) => report.busy);
  const sum = (of: (report: NodeReport) => number): number =>
    reports.reduce((so, report) => so + of(report), 0);
  return {
    byCallers: fullest(ran, limit, graceMs),
    byInstants: fullest(instants, limit, graceMs),
    use: used(ran, limit, graceMs),
    calls: sum((report) => report.calls) / ran.length,
    leastShare: Math.min(...busy.map((report) => report.ran.length)) / ran.length,
    cpuMicros: (sum((report) => report.cpuMs) * 1e3) / ran.length,
    admissions: ran.length,
  };
}

function merged(records: readonly (readonly number[])[]): number[] {
  return records.flat().sort((a, b) => a - b);
}

function fullest(times: readonly number[], { promises }: FleetLimit, graceMs: number): number {
  const admissions = times.map((at) => ({ at, units: 1 }));
  const each = promises.map(
    ({ spanMs, most }) => worstWindow(admissions, spanMs * 1e3).units / most(graceMs),
  );
  return Math.max(...each);
}

/** By whole periods from the first admission on, so that it does not matter where the run ends. */
function used(ran: readonly number[], { count, periodMs }: FleetLimit, graceMs: number): number {
  const period = periodMs(graceMs) * 1e3;
  const first = ran[0]!;
  const periods = Math.max(1, Math.floor((ran.at(-1)! - first) / period));
  const within = ran.filter((at) => at < first + periods * period).length;
  return within / (periods * count);
}
