// The judge of a chaos round. It knows what docs/failure-modes.md allows and nothing of the library:
// - A store that forgot may have granted all of its limits once more, each time.
// - Who ran later than the grace, because its process was stopped, counts beside the others.
// - With a share each process holds its share by itself while the store fails; otherwise nothing more.
// - Errors are those of a store that fails, and only then.
import { type Admitted, admissionsOf } from "./admissions.ts";
import type { Evidence, Life, Span } from "./evidence.ts";
import { fencingBreach, heldBy, slotsBreach, unheard } from "./judge-slots.ts";
import { isNumbers, rateBreach, shareOf, timesOver } from "./judge-rates.ts";
import { mixes, type Promised } from "./mixes.ts";

/** Who waits longer than this beyond its time-out or its abort hangs, on however slow a machine. */
const OVERRUN_MICROS = 5_000_000;
/** Clocks of a host that are known to a millisecond, and instants that are rounded up to one. */
const EARLY_MS = 3;
/** Clients connect again within this, and outages closer together than this are one. */
const RECONNECT_MICROS = 300_000;

export interface Verdict {
  readonly breaches: readonly string[];
  readonly admissions: number;
  readonly late: number;
  readonly local: number;
  /** How calls ended that were not granted. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly overrun: number;
}

export function judge(evidence: Evidence): Verdict {
  const all = admissionsOf(evidence);
  const breaches = evidence.mixes.flatMap((mix) => {
    const own = all.filter((each) => each.mix === mix);
    return mixes[mix]!.promised.flatMap((promised) => {
      const shared = "shared" in promised && promised.shared;
      const groups = shared ? [own] : groupsOf(own, ({ key }) => key);
      return groups.flatMap((group) =>
        groupBreaches(promised, group, evidence).map((what) => `${mix}, ${group[0]?.key}: ${what}`),
      );
    });
  });
  const outcomes = new Map<string, number>();
  let overrun = 0;
  for (const life of evidence.lives) {
    const still = stillOf(life);
    for (const entry of life.entries) {
      if (entry.what !== "ended") continue;
      const { at, overrun: late } = entry;
      overrun = Math.max(overrun, late - within(still, { from: at - late, to: at }));
      outcomes.set(entry.outcome, (outcomes.get(entry.outcome) ?? 0) + 1);
    }
  }
  breaches.push(...errorBreaches(evidence, outcomes));
  if (overrun > OVERRUN_MICROS) breaches.push(`a call ended ${overrun / 1e3} ms after its time`);
  const { length: late } = all.filter((each) => each.late);
  const { length: local } = all.filter((each) => each.local);
  return { breaches, admissions: all.length, late, local, outcomes, overrun };
}

function groupBreaches(promised: Promised, all: readonly Admitted[], evidence: Evidence): string[] {
  const { onFailure, processes, faults } = evidence;
  const budgets = 1 + faults.reduce((sum, { forgets }) => sum + forgets, 0);
  const stored = all.filter(({ local }) => !local).sort((a, b) => a.ticket - b.ticket);
  const found: string[] = [];
  const early = stored.find(
    (each) => each.ran + (evidence.ahead ?? 1 / 0) < (each.instant - EARLY_MS) * 1e3,
  );
  if (early) found.push(`ticket ${early.ticket} ran before its instant`);
  const tickets = new Set(stored.map(({ ticket, key }) => `${key} ${ticket}`));
  if (tickets.size < stored.length) found.push("a ticket was given twice");
  const breachOf = (part: readonly Admitted[]): string | undefined => {
    if (promised.kind !== "slots") return rateBreach(promised, part, evidence);
    return slotsBreach(promised.count, part.map(held));
  };
  const outages = new Map(evidence.lives.map((life) => [life.id, outagesOf(life, evidence)]));
  const held = (each: Admitted) => heldBy(each, outages.get(each.life)!);
  // Where only numbers are kept, a store that forgot also takes back what it never gave.
  const more = isNumbers(promised)
    ? rateBreach(timesOver(promised, budgets), stored, evidence)
    : beyond(stored, budgets, breachOf);
  if (more !== undefined) found.push(`${more} (${budgets} budgets)`);
  // Instants say in which order tickets were given, unless the store's clock was set.
  if (promised.kind === "slots" && budgets === 1 && evidence.ahead !== undefined) {
    const holders = stored.map(held);
    const lost = fencingBreach(holders) ?? unheard(promised.count, holders);
    if (lost !== undefined) found.push(lost);
  }
  const locals = all.filter(({ local }) => local);
  if (locals.length > 0 && onFailure !== "share") found.push("granted in the place of the store");
  for (const own of groupsOf(locals, ({ life }) => life)) {
    const least =
      promised.kind === "slots"
        ? slotsBreach(Math.max(1, Math.floor(promised.count / processes)), own.map(held))
        : rateBreach(shareOf(promised, processes), own, evidence);
    if (least !== undefined) found.push(`a share: ${least}`);
  }
  return found;
}

/**
 * What is wrong when they come from so many budgets, one after the other by their tickets. Each takes
 * as many as it may: then no other division needs fewer, since what is left out breaks no promise.
 */
function beyond(
  all: readonly Admitted[],
  budgets: number,
  breachOf: (part: readonly Admitted[]) => string | undefined,
): string | undefined {
  let rest = all;
  let breach = breachOf(rest);
  for (let left = budgets; breach !== undefined && left > 1; left--) {
    let [fits, breaks] = [0, rest.length];
    while (breaks - fits > 1) {
      const middle = Math.floor((fits + breaks) / 2);
      if (breachOf(rest.slice(0, middle)) === undefined) fits = middle;
      else breaks = middle;
    }
    rest = rest.slice(fits);
    breach = breachOf(rest);
  }
  return breach;
}

function groupsOf(all: readonly Admitted[], by: (each: Admitted) => unknown): Admitted[][] {
  const groups = new Map<unknown, Admitted[]>();
  for (const each of all) {
    const group = groups.get(by(each));
    if (group) group.push(each);
    else groups.set(by(each), [each]);
  }
  return [...groups.values()];
}

/** When a process could not reach the store: stopped, stalled, or cut off from it. */
function outagesOf(life: Life, { faults }: Evidence): Span[] {
  const cuts = faults.map(({ from, to }) => ({ from, to: to + RECONNECT_MICROS }));
  return merged([...stillOf(life), ...cuts], RECONNECT_MICROS);
}

/** When a process stood still: stopped by a signal, or without its turn on a busy machine. */
function stillOf({ entries, stops }: Life): Span[] {
  return merged([...stops, ...entries.filter((entry) => entry.what === "stall")], 0);
}

/** In order, and as one where less than a gap lies between them. */
function merged(spans: readonly Span[], gap: number): Span[] {
  const merged: Span[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to + gap) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    } else merged.push({ from, to });
  }
  return merged;
}

/** How much of a span falls into others that do not overlap. */
function within(spans: readonly Span[], { from, to }: Span): number {
  return spans.reduce(
    (sum, span) => sum + Math.max(0, Math.min(to, span.to) - Math.max(from, span.from)),
    0,
  );
}

/** Errors that a sound store does not make, and those that nobody may see. */
function errorBreaches(
  { store, faults }: Evidence,
  outcomes: ReadonlyMap<string, number>,
): string[] {
  const expected = new Set(["refused", "aborted", "LIMIT_EXCEEDED", "STORE_TOO_SLOW"]);
  if (store === "sqlite") expected.add("STORE_BUSY");
  const isRemote = store === "redis" || store === "postgres";
  // An answer may be longer on its way than a time-out allows, on a busy machine or to one that stood.
  if (isRemote) expected.add("STORE_TIMEOUT");
  if (isRemote && faults.length > 0) expected.add("STORE_UNAVAILABLE");
  return [...outcomes.keys()].filter((outcome) => !expected.has(outcome));
}
