// Judges rates: no window, pace or period above what is promised, by the instants that were granted
// and by when the callers ran, in whole numbers and without any tolerance.
import { type Admission, worstWindow } from "../../src/testing/window-oracle.ts";
import { type Admitted, AT_ONCE } from "./admissions.ts";
import type { Promised } from "./mixes.ts";

export type Rate = Exclude<Promised, { kind: "slots" }>;

export interface Times {
  readonly graceMs: number;
  /** As in the evidence. */
  readonly ahead: number | undefined;
}

const PACE_SPANS = [20, 50, 100, 250, 500, 1_000, 2_000];

/** What is wrong with these admissions, if they come from one budget that never forgot. */
export function rateBreach(rate: Rate, all: readonly Admitted[], times: Times): string | undefined {
  const local = all[0]?.local === true;
  const byInstant =
    local || times.ahead === undefined ? undefined : fullest(rate, all, times, false);
  return (
    byInstant ??
    fullest(
      rate,
      all.filter(({ late }) => !late),
      times,
      true,
    )
  );
}

/**
 * A share of a promise, of which each of so many processes holds one. The borders of a quota are those
 * of the process's own estimate of the store's clock, so that two of its periods may meet in one.
 */
export function shareOf(rate: Rate, processes: number): Rate {
  const part = (count: number): number => Math.max(1, Math.floor(count / processes));
  if (rate.kind === "quota") return { ...rate, count: 2 * part(rate.count) };
  return rate.kind === "pace"
    ? { ...rate, perSecond: rate.perSecond / processes, burst: part(rate.burst) }
    : { ...rate, count: part(rate.count) };
}

/** Whether sums are kept of it instead of admissions. */
export function isNumbers(promised: Promised): promised is Rate {
  return promised.kind === "window" ? promised.parts === true : promised.kind !== "slots";
}

/** A promise that was given so many times. */
export function timesOver(rate: Rate, times: number): Rate {
  return rate.kind === "pace"
    ? { ...rate, perSecond: times * rate.perSecond, burst: times * rate.burst }
    : { ...rate, count: times * rate.count };
}

function fullest(
  rate: Rate,
  all: readonly Admitted[],
  { graceMs, ahead }: Times,
  ran: boolean,
): string | undefined {
  const admissions = all.map((each) => ({
    at: ran ? each.ran : each.instant * 1e3,
    units: rate.kind === "window" && !rate.units ? 1 : each.used,
  }));
  const by = ran ? "by when callers ran" : "by their instants";
  if (rate.kind === "quota") {
    // Without a clock to compare with nobody outside knows where the periods begin.
    if (ran && ahead === undefined) return undefined;
    // Nobody runs before its instant, whatever two clocks that are compared say to the microsecond.
    const times = all.map(({ ran: at, instant, used }) => ({
      at: ran ? Math.max(at + ahead!, instant * 1e3) : instant * 1e3,
      units: used,
    }));
    const most = fullestPeriod(times, rate.periodMs * 1e3);
    return most > rate.count
      ? `${most} of ${rate.count} in a period of ${rate.periodMs} ms ${by}`
      : undefined;
  }
  // Lateness is not known better than that, so that what was on time may stand closer by it.
  const blur = ran && (ahead === undefined || all[0]?.local === true) ? AT_ONCE : 0;
  const spans =
    rate.kind === "window"
      ? [{ ms: rate.spanMs, most: rate.count }]
      : PACE_SPANS.map((ms) => {
          const counted = ms + (ran ? graceMs : 0);
          return { ms, most: rate.burst - 1 + Math.ceil((rate.perSecond * counted) / 1e3) };
        });
  for (const { ms, most } of spans) {
    const { units, from, to } = worstWindow(admissions, ms * 1e3 - blur);
    if (units > most) return `${units} of ${most} in ${ms} ms ${by}, from ${from} to ${to}`;
  }
  return undefined;
}

function fullestPeriod(admissions: readonly Admission[], period: number): number {
  const periods = new Map<number, number>();
  for (const { at, units } of admissions) {
    const from = Math.floor(at / period);
    periods.set(from, (periods.get(from) ?? 0) + units);
  }
  return Math.max(0, ...periods.values());
}
