import type { ArrivalReport } from "strict-api";

/**
 * What the API saw, beside what it allows.
 *
 * @param marginMs - What windows were padded by, or nothing when there was no rate.
 */
export function table(report: ArrivalReport, marginMs: number | undefined): string {
  const { limit, windowMs, accepted, refused, worstWindow, elapsedMs } = report;
  const most =
    marginMs === undefined
      ? "without a limiter"
      : `of at most ${perSecond(limit, windowMs + marginMs)} with a margin of ${marginMs} ms`;
  const cells: [string, string][] = [
    ["rows", count(accepted + refused)],
    ["time", `${(elapsedMs / 1e3).toFixed(1)} s from the first arrival to the last`],
    ["allowed rate", `${perSecond(limit, windowMs)}: ${limit} in any ${windowMs} ms`],
    // A window lets all through at its start, so the last one counts as a whole.
    ["achieved rate", `${perSecond(accepted, elapsedMs + windowMs)} answered, ${most}`],
    ["429s", count(refused)],
    ["worst window", `${count(worstWindow)} requests, limit ${count(limit)}`],
  ];
  const width = Math.max(...cells.map(([name]) => name.length));
  return cells.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function perSecond(requests: number, ms: number): string {
  return `${((requests * 1e3) / ms).toFixed(1)}/s`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
