import type { ArrivalReport } from "strict-api";
import type { MachineEnd } from "./machines.ts";

type Cells = readonly (readonly [name: string, value: string])[];

/** How late after its instant a row may start on a store, which pads windows by it: the default. */
const GRACE_MS = 20;

/**
 * What the API saw, beside what it allows.
 *
 * @param marginMs - What windows were padded by, or nothing when there was no rate.
 */
export function table(report: ArrivalReport, marginMs: number | undefined): string {
  const most =
    marginMs === undefined ? "without a limiter" : atMost(report, marginMs, `${marginMs} ms`);
  return aligned([["rows", count(report.accepted + report.refused)], ...seen(report, most)]);
}

/** The same of several machines, after what each of them says of itself. */
export function fleetTable(
  report: ArrivalReport,
  ends: readonly MachineEnd[],
  marginMs: number,
): string {
  const machines = ends.map(({ rows, elapsed, rate }, at): readonly [string, string] => [
    `machine ${at + 1}`,
    `${count(rows)} rows in ${seconds(elapsed)}, ${rate.toFixed(1)}/s`,
  ]);
  const most = atMost(report, marginMs + GRACE_MS, `${marginMs} ms and a grace of ${GRACE_MS} ms`);
  const together = count(report.accepted + report.refused);
  return aligned([...machines, ["all rows", together], ...seen(report, most)]);
}

function seen(report: ArrivalReport, most: string): Cells {
  const { limit, windowMs, accepted, refused, worstWindow, elapsedMs } = report;
  return [
    ["time", `${seconds(elapsedMs)} from the first arrival to the last`],
    ["allowed rate", `${perSecond(limit, windowMs)}: ${limit} in any ${windowMs} ms`],
    // A window lets all through at its start, so the last one counts as a whole.
    ["achieved rate", `${perSecond(accepted, elapsedMs + windowMs)} answered, ${most}`],
    ["429s", count(refused)],
    ["worst window", `${count(worstWindow)} requests, limit ${count(limit)}`],
  ];
}

function atMost({ limit, windowMs }: ArrivalReport, paddedBy: number, margin: string): string {
  return `of at most ${perSecond(limit, windowMs + paddedBy)} with a margin of ${margin}`;
}

function aligned(cells: Cells): string {
  const width = Math.max(...cells.map(([name]) => name.length));
  return cells.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function seconds(ms: number): string {
  return `${(ms / 1e3).toFixed(1)} s`;
}

function perSecond(requests: number, ms: number): string {
  return `${((requests * 1e3) / ms).toFixed(1)}/s`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
