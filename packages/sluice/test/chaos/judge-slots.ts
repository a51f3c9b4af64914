// Judges slots: never more holders at once than there are, unless a holder was cut off for as long as
// its lease; then it hears of it, and its ticket is the lower one.
import type { Admitted } from "./admissions.ts";
import type { Span } from "./evidence.ts";
import { LEASE_MS } from "./mixes.ts";

const LEASE = LEASE_MS * 1e3;
/** Renewed three times in a lease; timers of a busy machine come late. */
const RENEWED = LEASE / 3 + 100e3;
/** What there may be between the decision of a store and what its process does next. */
const ANSWERED = 100e3;
/** By then who lost a lease has heard of it, once it runs again. */
const HEARD = LEASE / 3 + 1_000e3;

export interface Held {
  readonly admitted: Admitted;
  /** When its lease may have ended because it was not renewed; infinite if it was. */
  readonly lostFrom: number;
  /** When it could renew again. */
  readonly backAt: number;
}

/** @param outages - When the holder's process could not renew, in order, and not overlapping. */
export function heldBy(admitted: Admitted, outages: readonly Span[]): Held {
  for (const { from, to } of outages) {
    if (to < admitted.handed || from > admitted.until) continue;
    // The slot may have been taken before the process was cut off, and handed out after.
    const taken = Math.min(from, admitted.handed) - ANSWERED;
    const lostFrom = Math.max(from - RENEWED, taken) + LEASE;
    if (to >= lostFrom) return { admitted, lostFrom, backAt: to };
  }
  return { admitted, lostFrom: Number.POSITIVE_INFINITY, backAt: Number.POSITIVE_INFINITY };
}

/** What is wrong with these holders, if their slots come from one budget that never forgot. */
export function slotsBreach(count: number, all: readonly Held[]): string | undefined {
  const sound = all.map(({ admitted: { ran, until }, lostFrom }) => ({
    from: ran,
    to: Math.min(until, lostFrom),
  }));
  const { most, at } = mostAtOnce(sound);
  return most > count ? `${most} of ${count} slots are held at once at ${at}` : undefined;
}

/** What is wrong with those who lost a lease. */
export function fencingBreach(all: readonly Held[]): string | undefined {
  for (const { admitted: old, lostFrom } of all) {
    if (!(old.until > lostFrom)) continue;
    const after = all.filter(
      ({ admitted: { instant, ran } }) =>
        instant > old.instant && ran >= lostFrom && ran < old.until,
    );
    const lower = after.find(({ admitted }) => admitted.ticket < old.ticket);
    if (lower) return `ticket ${lower.admitted.ticket} came after ${old.ticket}, which was lost`;
  }
  return undefined;
}

/** How many intervals overlap at the most; who goes makes room for who comes at the same time. */
export function mostAtOnce(intervals: readonly Span[]): { most: number; at: number } {
  const events = intervals
    .filter(({ from, to }) => from < to)
    .flatMap(({ from, to }) => [
      { at: from, step: 1 },
      { at: to, step: -1 },
    ]);
  events.sort((a, b) => a.at - b.at || a.step - b.step);
  let [now, most, when] = [0, 0, 0];
  for (const { at, step } of events) {
    now += step;
    if (now > most) [most, when] = [now, at];
  }
  return { most, at: when };
}

/** Those who held on although all slots were held by others, long after they could have heard. */
export function unheard(count: number, all: readonly Held[]): string | undefined {
  for (const { admitted: old, lostFrom, backAt } of all) {
    if (old.aborted || old.until === Number.POSITIVE_INFINITY) continue;
    if (!(old.until > Math.max(lostFrom, backAt) + HEARD)) continue;
    const others = all.filter(({ admitted }) => admitted !== old && admitted.ticket > old.ticket);
    const until = old.until - HEARD;
    const taken = others.map(({ admitted }) => ({
      from: Math.max(lostFrom, admitted.ran),
      to: Math.min(until, admitted.until),
    }));
    if (mostAtOnce(taken).most >= count)
      return `who held ticket ${old.ticket} never heard of its loss`;
  }
  return undefined;
}
