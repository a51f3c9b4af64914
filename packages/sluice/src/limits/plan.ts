/**
 * What a limiter's limits come to: windows that share a cost become one ring, the margin is added,
 * every rule gets its place in a key's row of numbers. A plan is plain data; remote stores pass its
 * numbers on.
 */

import { InvalidOptionError } from "../errors.ts";
import { show } from "../time.ts";
import { capacityOf } from "./algorithm.ts";
import { grows, sizeOf } from "./growth.ts";
import type { AnyLimit, WindowLimit } from "./limit.ts";
import { paddedLimit } from "./padded.ts";
import { formatLimit, type LimitText, parseLimit } from "./parse.ts";
import type { Few } from "./shortcuts.ts";

/** One limit: an object, or its text. */
export type LimitInput = AnyLimit | LimitText;

/** One limit, a list that shares one cost, or a record whose names have a cost each. */
export type LimitsInput =
  | LimitInput
  | readonly LimitInput[]
  | { readonly [name: string]: LimitInput };

/** One algorithm at work in a plan. */
export interface Rule {
  readonly kind: AnyLimit["kind"];
  readonly limit: AnyLimit;
  /** The same before margin and grace were added: what users are shown. */
  readonly written: AnyLimit;
  /** What refusals call it; a ring of several rates has a name for each. */
  readonly names: readonly string[];
  /** The cost's name; `""` for the one cost of a list. */
  readonly costName: string;
  /** One budget under all keys. */
  readonly shared: boolean;
  /** Where its state, or the index of its grown state, is in the row. */
  readonly offset: number;
  readonly grows: boolean;
}

/** All limits of a key, compiled. */
export interface Plan {
  readonly rules: readonly Rule[];
  /** Of a plan that is decided in this process, if there is a short way to do so. */
  readonly few: Few | undefined;
  /** What an ask takes that names no cost; `undefined` when some cost is required. */
  readonly defaultCosts: readonly number[] | undefined;
  /** Numbers in a key's row, and in the limiter's. */
  readonly rowSize: number;
  readonly sharedSize: number;
  readonly hasShared: boolean;
  readonly hasQuota: boolean;
  readonly hasConcurrency: boolean;
  readonly hasPace: boolean;
  /** Whether several costs at one instant are the same as one cost of their sum. */
  readonly sums: boolean;
  /** The shortest window, in microseconds. */
  readonly shortest: number;
  /** Whether costs go by name. */
  readonly named: boolean;
  /** When these limits came into force, on the store's clock. */
  readonly since: number;
  /** The same instant in microseconds since the epoch. */
  readonly sinceWall: number;
  /** Microseconds after its instant at which whoever booked it may still run. */
  readonly grace: number;
  /** The same numbers have the same text. */
  readonly text: string;
}

/** The numbers in front of each row: the index of its plan, and its gate. */
export const ROW_HEADER = 2;

/** When a plan comes into force. */
export interface Since {
  readonly now: number;
  readonly wall: number;
}

/**
 * Compiles limits; `margin` in microseconds. The limits of a single key get those that are per
 * limiter from `base`.
 */
export function compile(
  limits: LimitsInput,
  margin: number,
  since: Since,
  base?: LimitsInput,
): Plan {
  let { entries, named } = normalize(limits);
  if (base !== undefined) {
    const common = normalize(base);
    if (common.named !== named) {
      throw new InvalidOptionError(
        `the limits of a key must be ${common.named ? "a record like the limiter's" : "a limit or a list like the limiter's"}; got ${show(limits)}.`,
      );
    }
    entries = [
      ...common.entries.filter(({ limit }) => limit.per === "limiter"),
      ...entries.filter(({ limit }) => limit.per === "key"),
    ];
  }
  if (entries.length === 0) {
    throw new InvalidOptionError(
      "a limiter needs at least one limit; got none. Use `unlimited` for no limit.",
    );
  }
  const rules: Rule[] = [];
  const sizes = { key: ROW_HEADER, limiter: ROW_HEADER };
  for (const { name, costName, limit } of mergeWindows(entries)) {
    const padded = margin === 0 ? limit : paddedLimit(limit, margin);
    rules.push({
      kind: padded.kind,
      limit: padded,
      written: limit,
      names: name,
      costName,
      shared: limit.per === "limiter",
      offset: sizes[limit.per],
      grows: grows(padded),
    });
    sizes[limit.per] += grows(padded) ? 1 : sizeOf(padded);
  }
  const kinds = new Set(rules.map((rule) => rule.limit.kind));
  return {
    rules,
    // Has a place from the start: every decision reads it, and what is added later is read slower.
    few: undefined,
    defaultCosts: defaults(rules),
    rowSize: sizes.key,
    sharedSize: sizes.limiter,
    hasShared: rules.some((rule) => rule.shared),
    hasQuota: kinds.has("quota"),
    hasConcurrency: kinds.has("concurrency"),
    hasPace: kinds.has("pace"),
    sums: rules.every(({ kind }) => kind === "window" || kind === "quota"),
    shortest: Math.min(...rules.map((rule) => shortestOf(rule.limit))),
    named,
    since: since.now,
    sinceWall: since.wall,
    grace: 0,
    text: JSON.stringify(rules.map((rule) => [rule.costName, rule.names, rule.limit])),
  };
}

interface Entry {
  readonly name: readonly string[];
  readonly costName: string;
  readonly limit: AnyLimit;
}

function normalize(limits: LimitsInput): { entries: Entry[]; named: boolean } {
  if (typeof limits === "string" || isLimit(limits)) return normalize([limits]);
  if (Array.isArray(limits)) {
    const names = new Map<string, number>();
    const entries = limits.map((input: LimitInput) => {
      const limit = toLimit(input, "a limit of the list");
      const text = formatLimit(limit);
      const seen = (names.get(text) ?? 0) + 1;
      names.set(text, seen);
      return { name: [seen === 1 ? text : `${text} #${seen}`], costName: "", limit };
    });
    return { entries, named: false };
  }
  if (typeof limits !== "object" || limits === null) {
    throw new InvalidOptionError(
      `limits must be a limit, a list of limits, or a record of them; got ${show(limits)}.`,
    );
  }
  const entries = Object.entries(limits).map(([name, input]) => ({
    name: [name],
    costName: name,
    limit: toLimit(input, `the limit ${show(name)}`),
  }));
  return { entries, named: true };
}

function toLimit(input: unknown, what: string): AnyLimit {
  if (typeof input === "string") return parseLimit(input);
  if (isLimit(input)) return input;
  throw new InvalidOptionError(
    `${what} must come from window(), pace(), quota(), concurrency(), or be a text such as "100/1m"; got ${show(input)}.`,
  );
}

/** A record may have a limit that is called "kind". */
function isLimit(value: unknown): value is AnyLimit {
  if (typeof value !== "object" || value === null) return false;
  const { kind, per } = value as Partial<AnyLimit>;
  return typeof kind === "string" && (per === "key" || per === "limiter");
}

/** Exact windows of the same cost and scope share one ring. */
function mergeWindows(entries: readonly Entry[]): Entry[] {
  const merged: Entry[] = [];
  for (const entry of entries) {
    const { limit } = entry;
    const twin = merged.findIndex(
      (other) =>
        limit.kind === "window" &&
        other.limit.kind === "window" &&
        other.costName === entry.costName &&
        other.limit.per === limit.per &&
        other.limit.defaultCost === limit.defaultCost,
    );
    const other = merged[twin];
    if (!other) merged.push(entry);
    else {
      merged[twin] = {
        name: [...other.name, ...entry.name],
        costName: entry.costName,
        limit: joined(other.limit as WindowLimit, limit as WindowLimit),
      };
    }
  }
  return merged;
}

function joined(a: WindowLimit, b: WindowLimit): WindowLimit {
  return {
    ...a,
    rates: [...a.rates, ...b.rates],
    most: Math.max(a.most, b.most),
    widest: Math.max(a.widest, b.widest),
  };
}

function defaults(rules: readonly Rule[]): readonly number[] | undefined {
  const costs: number[] = [];
  for (const { limit, names } of rules) {
    if (limit.defaultCost === "required") return undefined;
    if (limit.defaultCost > capacityOf(limit)) {
      throw new InvalidOptionError(
        `defaultCost of ${show(names[0])} must fit the limit; got ${limit.defaultCost}, and it holds ${capacityOf(limit)} at the most.`,
      );
    }
    costs.push(limit.defaultCost);
  }
  return costs;
}

function shortestOf(limit: AnyLimit): number {
  switch (limit.kind) {
    case "window":
      return Math.min(...limit.rates.map((rate) => rate.span));
    case "parts":
      return limit.span;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
