import type { ArrivalReport } from "strict-api";

/** What the API saw, beside what it allows. */
export function table(report: ArrivalReport, rate: string): string {
  const { limit, windowMs, accepted, refused, worstWindow, elapsedMs } = report;
  // A window lets all through at its start: the time counts in whole windows.
  const seconds = ((Math.floor(elapsedMs / windowMs) + 1) * windowMs) / 1e3;
  const cells: [string, string][] = [
    ["rows", count(accepted + refused)],
    ["time", `${(elapsedMs / 1e3).toFixed(1)} s from the first arrival to the last`],
    ["allowed rate", `${perSecond((limit * 1e3) / windowMs)} (${limit} in any ${windowMs} ms)`],
    ["achieved rate", `${perSecond(accepted / seconds)} answered (sluice --rate ${rate})`],
    ["429s", count(refused)],
    ["worst window", `${count(worstWindow)} requests, limit ${count(limit)}`],
  ];
  const width = Math.max(...cells.map(([name]) => name.length));
  return cells.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function perSecond(rate: number): string {
  return `${rate.toFixed(1)}/s`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
