/** What an earlier run used of its limits, carried over into a later one. */

import {
  type AnyLimit,
  type Clock,
  createLimiter,
  type Duration,
  type Limiter,
  type LimiterSnapshot,
} from "sluice";

export type NamedLimits = Readonly<Record<string, AnyLimit>>;

/** A snapshot with the limits that it was made under. */
export interface SavedGate extends LimiterSnapshot {
  readonly limits: NamedLimits;
  readonly margin: Duration;
}

export interface CarryOver {
  readonly limiter: Limiter<NamedLimits>;
  readonly limits: NamedLimits;
  readonly margin: Duration;
  readonly clock: Clock;
  /** The keys of the workers. */
  readonly keys: readonly string[];
}

/**
 * Goes on from what was saved, and charges the rows that were started since then. Under other limits
 * than before, what was used of the old ones counts as used now, at the most that any of them shows:
 * that may cost some waiting, and never exceeds the new ones.
 */
export async function carryOver(
  to: CarryOver,
  saved: SavedGate | undefined,
  started: number,
): Promise<void> {
  const used = { shared: started, own: to.keys.map(() => started) };
  if (saved && isSame(saved, to)) to.limiter.restore(saved);
  else if (saved) {
    const before = await usedOf(saved, to);
    used.shared += before.shared;
    used.own = before.own.map((own) => own + started);
  }
  // Nobody knows in which worker rows were started: each pays for all of them, and the whole once.
  for (const [at, key] of to.keys.entries()) {
    const costs = {
      ...costOf(to.limits, "limiter", at === 0 ? used.shared : 0),
      ...costOf(to.limits, "key", used.own[at] ?? 0),
    };
    if (Object.values(costs).every((cost) => cost === 0)) continue;
    const permit = await to.limiter.acquire({ cost: 0, key });
    permit.settle(costs);
    permit.release();
  }
}

function isSame(saved: SavedGate, { limits, margin }: CarryOver): boolean {
  const text = (value: unknown): string => JSON.stringify(value);
  return text([saved.limits, saved.margin]) === text([limits, margin]);
}

async function usedOf(
  saved: SavedGate,
  { clock, keys }: CarryOver,
): Promise<{ shared: number; own: number[] }> {
  const { limits, margin } = saved;
  const before = createLimiter(limits, { name: "job", margin, clock });
  before.restore(saved);
  const most = (key: string, per: AnyLimit["per"]): number => {
    const looks = Object.entries(before.peek({ key }).limits);
    const used = looks.filter(([name]) => limits[name]?.per === per).map(([, look]) => look.used);
    return Math.ceil(Math.max(0, ...used));
  };
  const used = { shared: most("", "limiter"), own: keys.map((key) => most(key, "key")) };
  await before[Symbol.asyncDispose]();
  return used;
}

function costOf(limits: NamedLimits, per: AnyLimit["per"], cost: number): Record<string, number> {
  const rates = Object.entries(limits).filter(
    ([, limit]) => limit.per === per && !costless.has(limit.kind),
  );
  return Object.fromEntries(rates.map(([name]) => [name, cost]));
}

/** What nothing can be charged of afterwards. */
const costless: ReadonlySet<string> = new Set(["concurrency", "unlimited", "blocked"]);
