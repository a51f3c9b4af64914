/**
 * Which states of a row a plan's rules are judged by. Limits of one kind with other numbers may share
 * a row: a ring and slots serve all of them; of others each set of numbers has a state of its own,
 * to which every admission is booked.
 */

import { LimitsConflictError } from "../../errors.ts";
import { startUsed } from "../../limits/algorithm.ts";
import {
  type AnyLimit,
  type ConcurrencyLimit,
  DEFAULT_LEASE,
  type Moment,
  type WindowLimit,
} from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import type { Kept } from "./kept.ts";
import type { Row } from "./row.ts";

/** How many different sets of numbers share one cost of one key. */
const MOST_SHAPES = 8;

/** One rule that has a state. */
export interface BoundRule {
  /** Its index in the plan. */
  readonly index: number;
  readonly limit: AnyLimit;
  readonly kept: Kept;
  /** States of the same cost under other numbers. */
  readonly others: readonly Kept[];
}

interface Wanted {
  readonly index: number;
  readonly costName: string;
  readonly limit: AnyLimit;
}

/** Those of each plan that let nothing through, by their index: they have no state. */
const blockedBy = new WeakMap<Plan, readonly number[]>();

export function blockedOf(plan: Plan): readonly number[] {
  let blocked = blockedBy.get(plan);
  if (!blocked) {
    blocked = plan.rules.flatMap(({ kind }, i) => (kind === "blocked" ? [i] : []));
    blockedBy.set(plan, blocked);
  }
  return blocked;
}

const wantedBy = new WeakMap<Plan, { readonly own: Wanted[]; readonly shared: Wanted[] }>();

function wantedOf(plan: Plan, shared: boolean): Wanted[] {
  let wanted = wantedBy.get(plan);
  if (!wanted) {
    wanted = { own: [], shared: [] };
    for (const [index, rule] of plan.rules.entries()) {
      const limit = leased(rule.limit);
      const { costName } = rule;
      if (limit.kind === "unlimited" || limit.kind === "blocked") continue;
      (rule.shared ? wanted.shared : wanted.own).push({ index, costName, limit });
    }
    wantedBy.set(plan, wanted);
  }
  return shared ? wanted.shared : wanted.own;
}

/** The limit with a lease if it is of slots: whoever holds one may die. */
export function leased(limit: AnyLimit): AnyLimit {
  return limit.kind === "concurrency" && limit.lease === 0
    ? { ...limit, lease: DEFAULT_LEASE }
    : limit;
}

/**
 * Finds the states, and makes those that are missing in the row at hand.
 *
 * @param used - The moment from which cold states count as used; absent when they start full.
 * @throws `LIMITS_CONFLICT` when the row has another kind of limit under the same cost.
 */
export function bind(
  row: Row,
  plan: Plan,
  shared: boolean,
  moment: Moment,
  used: Moment | undefined,
): readonly BoundRule[] {
  // A row is either a key's or the whole limiter's, so the plan says it all.
  if (row.binding?.plan === plan) return row.binding.rules;
  const rules = bindAnew(row, plan, shared, moment, used);
  row.binding = { plan, rules };
  return rules;
}

function bindAnew(
  row: Row,
  plan: Plan,
  shared: boolean,
  moment: Moment,
  used: Moment | undefined,
): BoundRule[] {
  const wanted = wantedOf(plan, shared);
  if (wanted.length === 0) return [];
  const own = row.momentOf(moment);
  if (row.states.length > 0) checkKinds(row, wanted, own);
  const taken: Kept[] = [];
  const bound = wanted.map(({ index, costName, limit }) => {
    const kept = find(row, costName, limit, taken) ?? make(row, costName, limit, own, used);
    taken.push(kept);
    widen(row, kept, limit);
    return { index, limit, kept };
  });
  if (taken.length === row.states.length) return bound.map((one) => ({ ...one, others: [] }));
  return bound.map(({ index, limit, kept }, i) => {
    const first = taken.findIndex((each) => alike(each, kept)) === i;
    const others = first
      ? row.states.filter((each) => alike(each, kept) && !taken.includes(each))
      : [];
    return { index, limit, kept, others };
  });
}

function find(
  row: Row,
  costName: string,
  limit: AnyLimit,
  taken: readonly Kept[],
): Kept | undefined {
  for (const kept of row.states) {
    if (kept.costName !== costName || taken.includes(kept)) continue;
    if (readsAs(kept.limit, limit)) return kept;
  }
  return undefined;
}

/** Whether numbers of the one limit mean the same under the other. */
function readsAs(a: AnyLimit, b: AnyLimit): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case "pace":
      return b.kind === "pace" && a.micros === b.micros && a.units === b.units;
    case "parts":
      return b.kind === "parts" && a.part === b.part && a.parts === b.parts && a.grain === b.grain;
    case "quota":
      return (
        b.kind === "quota" &&
        a.period === b.period &&
        a.timeZone === b.timeZone &&
        a.anchor === b.anchor
      );
    default:
      return true;
  }
}

function make(
  row: Row,
  costName: string,
  limit: AnyLimit,
  own: Moment,
  used: Moment | undefined,
): Kept {
  const family = row.states.filter(
    (each) => each.costName === costName && familyOf(each.limit) === familyOf(limit),
  );
  if (family.length >= MOST_SHAPES) dropIdle(row, family, own);
  const [old] = family;
  const made = row.add(costName, limit, old ? undefined : used);
  if (old && !made.takeOver(old, own)) made.change(() => startUsed(limit, made, own));
  return made;
}

/** Makes room for one more set of numbers. */
function dropIdle(row: Row, family: readonly Kept[], own: Moment): void {
  const idle = family.filter((kept) => kept.idleFrom(own) <= own.now);
  if (idle.length === 0) {
    throw new LimitsConflictError(
      `${MOST_SHAPES} limiters with different numbers share the cost ${show(family[0]!.costName)} of one key already; give this one another name.`,
    );
  }
  row.states = row.states.filter((kept) => !idle.includes(kept));
}

/** A ring keeps what the longest limit needs that was seen; slots the longest cooldown. */
function widen(row: Row, kept: Kept, limit: AnyLimit): void {
  const old = kept.limit;
  if (limit.kind === "window" && old.kind === "window") {
    const most = Math.max(limit.most, old.most);
    const widest = Math.max(limit.widest, old.widest);
    if (most === old.most && widest === old.widest && old.rates.length === 1) return;
    kept.limit = { ...limit, most, widest, rates: [{ count: most, span: widest }] } as WindowLimit;
    row.shape = undefined;
  } else if (limit.kind === "concurrency" && old.kind === "concurrency") {
    const slots = Math.max(limit.slots, old.slots);
    const cooldown = Math.max(limit.cooldown, old.cooldown);
    if (slots === old.slots && cooldown === old.cooldown) return;
    kept.limit = { ...limit, slots, cooldown } as ConcurrencyLimit;
    row.shape = undefined;
  }
}

function checkKinds(row: Row, wanted: readonly Wanted[], own: Moment): void {
  for (const { costName, limit } of wanted) {
    const there = row.states.filter((kept) => kept.costName === costName);
    const families = wanted
      .filter((each) => each.costName === costName)
      .map((each) => familyOf(each.limit));
    const strange = there.filter((kept) => !families.includes(familyOf(kept.limit)));
    const missing =
      there.length > 0 && !there.some((kept) => familyOf(kept.limit) === familyOf(limit));
    if (strange.length === 0 && !missing) continue;
    if (there.every((kept) => kept.idleFrom(own) <= own.now)) {
      row.states = row.states.filter((kept) => !there.includes(kept));
      row.shape = undefined;
      continue;
    }
    throw new LimitsConflictError(
      `another limiter of this name counts ${costName === "" ? "its cost" : `the cost ${show(costName)}`} by ${there.map((kept) => kept.limit.kind).join(" and ")}, and this one by ${families.join(" and ")}; give it another name, or reset() the old one.`,
    );
  }
}

function alike(a: Kept, b: Kept): boolean {
  return a.costName === b.costName && familyOf(a.limit) === familyOf(b.limit);
}

function familyOf(limit: AnyLimit): string {
  return limit.kind === "parts" ? "window" : limit.kind;
}
