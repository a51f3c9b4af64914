/** Random sets of limits, and an independent record of what they promise. */

import fc from "fast-check";
import { type AnyLimit, concurrency, pace, window } from "../../src/index.ts";
import { type Admission, worstWindow } from "../../src/testing/index.ts";

type Per = "key" | "limiter";

/** A limit in milliseconds. */
export type Spec =
  | { readonly kind: "window"; readonly count: number; readonly span: number; readonly per: Per }
  | {
      readonly kind: "parts";
      readonly count: number;
      readonly span: number;
      readonly parts: number;
      readonly per: Per;
    }
  | {
      readonly kind: "pace";
      readonly every: number;
      readonly burst: number;
      readonly catchUp: number;
      readonly per: Per;
    }
  | {
      readonly kind: "slots";
      readonly slots: number;
      readonly cooldown: number;
      readonly per: Per;
    };

const per = fc.constantFrom<Per>("key", "limiter");
const span = fc.integer({ min: 1, max: 40 }).map((n) => n * 20);

/** `parts`: of how many parts windows may have. */
const rate = (...parts: number[]): fc.Arbitrary<Spec> =>
  fc.oneof(
    fc.record({
      kind: fc.constant("window" as const),
      count: fc.integer({ min: 1, max: 5 }),
      span,
      per,
    }),
    fc.record({
      kind: fc.constant("parts" as const),
      count: fc.integer({ min: 1, max: 5 }),
      span,
      parts: fc.constantFrom(...parts),
      per,
    }),
    fc.record({
      kind: fc.constant("pace" as const),
      every: fc.integer({ min: 5, max: 200 }),
      burst: fc.integer({ min: 1, max: 4 }),
      catchUp: fc.constantFrom(0, 0, 2),
      per,
    }),
  );

const slots: fc.Arbitrary<Spec> = fc.record({
  kind: fc.constant("slots" as const),
  slots: fc.integer({ min: 1, max: 4 }),
  cooldown: fc.constantFrom(0, 0, 50, 300),
  per,
});

/**
 * One to three limits; without slots where instants are to be booked, and with parts of whole
 * milliseconds then: `wait` is told in these, rounded up.
 */
export function specs(withSlots: boolean): fc.Arbitrary<Spec[]> {
  const limit = withSlots ? fc.oneof(rate(2, 3, 5), slots) : rate(2, 4, 5);
  return fc.array(limit, { minLength: 1, maxLength: 3 });
}

/** The limits under the names l0, l1, l2. */
export function build(all: readonly Spec[]): Record<string, AnyLimit> {
  return Object.fromEntries(all.map((spec, i) => [`l${i}`, limitOf(spec)]));
}

function limitOf(spec: Spec): AnyLimit {
  switch (spec.kind) {
    case "window":
      return window(spec.count, spec.span, { per: spec.per });
    case "parts":
      return window(spec.count, spec.span, { per: spec.per, parts: spec.parts });
    case "pace": {
      const { kind: _, every, ...options } = spec;
      return pace(`1/${every}ms`, options);
    }
    case "slots":
      return concurrency(spec.slots, { per: spec.per, cooldown: spec.cooldown });
  }
}

/** The most that one admission can take. */
export function capacity(spec: Spec): number {
  return spec.kind === "slots" ? spec.slots : spec.kind === "pace" ? spec.burst : spec.count;
}

/** What an admission used of one limit, changed when it is settled; times are microseconds. */
interface Use extends Admission {
  readonly at: number;
  units: number;
  /** Slots: from when on they are free again. */
  free: number;
}

/** One admission: what it used of each limit. */
export type Entry = readonly Use[];

/** What was admitted, by the clock of those whose code ran, and whether the limits were kept. */
export class Journal {
  readonly #specs: readonly Spec[];
  readonly #uses = new Map<string, Use[]>();
  readonly broken: string[] = [];

  constructor(specs: readonly Spec[]) {
    this.#specs = specs;
  }

  admit(key: string, costs: readonly number[], at: number): Entry {
    return this.#specs.map((spec, i) => {
      const use = { at, units: costs[i]!, free: Number.POSITIVE_INFINITY };
      const all = this.#of(spec, key, i);
      all.push(use);
      if (spec.kind === "slots") this.#checkSlots(spec.slots, all, at, `l${i} of ${key}`);
      return use;
    });
  }

  /** Less was used; slots that go back cool down. */
  settle(key: string, entry: Entry, actual: readonly number[], now: number): void {
    this.#specs.forEach((spec, i) => {
      const use = entry[i]!;
      const surplus = use.units - actual[i]!;
      if (surplus <= 0) return;
      use.units = actual[i]!;
      if (spec.kind !== "slots") return;
      const free = now + spec.cooldown * 1e3;
      this.#of(spec, key, i).push({ at: use.at, units: surplus, free });
    });
  }

  release(entry: Entry, now: number): void {
    this.#specs.forEach((spec, i) => {
      if (spec.kind === "slots") entry[i]!.free = now + spec.cooldown * 1e3;
    });
  }

  /** It was cancelled, and nothing of it used. */
  cancel(entry: Entry): void {
    for (const use of entry) use.units = 0;
  }

  /** Everything that was not kept. */
  verdict(): string[] {
    const broken = Array.from(this.broken);
    this.#specs.forEach((spec, i) => {
      for (const [name, uses] of this.#uses) {
        if (name.startsWith(`${i} `)) broken.push(...judge(spec, uses, name));
      }
    });
    return broken;
  }

  #of(spec: Spec, key: string, i: number): Use[] {
    const name = `${i} ${spec.per === "key" ? key : "*"}`;
    let uses = this.#uses.get(name);
    if (!uses) this.#uses.set(name, (uses = []));
    return uses;
  }

  #checkSlots(slots: number, uses: readonly Use[], now: number, name: string): void {
    const held = uses.reduce((sum, { units, free }) => sum + (free > now ? units : 0), 0);
    if (held > slots) this.broken.push(`${name}: ${held} of ${slots} slots at ${now}`);
  }
}

function judge(spec: Spec, uses: readonly Use[], name: string): string[] {
  const spans = boundsOf(spec);
  return spans.flatMap(([span, most]) => {
    const { units, from, to } = worstWindow(uses, span);
    return units <= most
      ? []
      : [`${name}: ${units} units from ${from} to ${to}, of ${most} in ${span}`];
  });
}

/** Spans in microseconds, and the most units in any of that length. */
function boundsOf(spec: Spec): [number, number][] {
  if (spec.kind === "slots") return [];
  if (spec.kind !== "pace") return [[spec.span * 1e3, spec.count]];
  const interval = spec.every * 1e3;
  return [1, interval, Math.ceil(2.5 * interval), 7 * interval].map((span) => [
    span,
    spec.burst - 1 + spec.catchUp + Math.ceil(span / interval),
  ]);
}
