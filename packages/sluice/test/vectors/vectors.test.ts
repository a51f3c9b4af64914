// The vectors that an algorithm's TypeScript, Lua and SQL share: limits, and what they answer step by
// step from the empty state, a vector a line, beside the algorithm. `npx vitest run --project sluice vectors -u`
// writes them anew.
import { expect, test } from "vitest";
import { capacityOf } from "../../src/limits/algorithm.ts";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { type AnyLimit, isHeld, NEVER } from "../../src/limits/limit.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { Random } from "../../src/testing/store-suite/random.ts";
import { TwinState } from "../../src/testing/store-suite/twin-state.ts";
import { type Step, vectorFile, vectorKinds, type VectorKind } from "./vector.ts";

/** Where stores' clocks are. */
const START = 1_767_225_600_000_000;
const STEPS = 14;

const joined = compile([window(2, 0.01), window(5, 0.1), window(7, 1)], 0, { now: 0, wall: 0 });

const vectors: Readonly<Record<VectorKind, readonly AnyLimit[]>> = {
  window: [window(1, 0.007), window(4, 1), window(9, "1h"), joined.rules[0]!.limit],
  parts: [
    window(17, 0.1, { parts: 4 }),
    window(40, 3, { parts: 7 }),
    window(2 ** 40 + 1, "1h", { parts: 2 }),
    window(0.5, 1, { parts: 3, defaultCost: 0.5 }),
  ],
  pace: [
    paceOf(1, 10, {}),
    paceOf(7, 1e6, { burst: 3 }),
    paceOf(999_983, 7 * 3600e6, { burst: 5, catchUp: 3 }),
    paceOf(3, 31, { burst: 6, catchUp: 1 }),
  ],
  quota: [quota(3, 0.05), quota(6, "1h", { anchor: -7 }), quota(2, 1, { anchor: 3 })],
  concurrency: [
    concurrency(1, { lease: 1 }),
    concurrency(3, { cooldown: 0.03, lease: 0.2 }),
    concurrency(5, { cooldown: 1, lease: "30s" }),
  ],
};

test.each(vectorKinds)("%s", async (kind) => {
  const all = vectors[kind].flatMap((limit, i) =>
    [0, 1, 2].map((n) => ({ limit, steps: play(limit, new Random(100 * i + n)) })),
  );
  const lines = all.map((vector) => JSON.stringify(vector));
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(vectorFile(kind));
});

function play(limit: AnyLimit, random: Random): Step[] {
  const state = new TwinState(limit);
  const steps: Step[] = [];
  /** By step: when it was booked, and how much of it has not been given back. */
  const booked = new Map<number, { readonly at: number; readonly cost: number }>();
  let now = START + random.whole(0, 1e9);
  for (let i = 0; i < STEPS; i++) {
    now += gapOf(limit, random);
    const open = [...booked].filter(([, { cost }]) => cost > 0);
    if (open.length > 0 && random.chance(0.25)) {
      const [of, { at, cost }] = random.of(open);
      const actual = random.whole(0, Math.floor(cost));
      state.settle(cost, actual, at, { now, wall: now, since: now }, of + 1);
      booked.delete(of);
      steps.push({ now, of, cost, actual });
      continue;
    }
    const cost = costOf(limit, random);
    const since = random.chance(0.3) ? now - random.whole(0, 1_000_000) : now;
    const moment = { now, wall: now, since };
    const earliest = state.earliest(cost, moment);
    steps.push({ now, since, cost, earliest: earliest === NEVER ? "never" : earliest });
    const passes = !isHeld(earliest) && earliest !== NEVER;
    // Slots are taken when they are there, and not booked.
    if (!passes || (limit.kind === "concurrency" && earliest > now)) continue;
    // Who is late may count as made a little before now, but nobody passes before it.
    const at = Math.max(now, earliest);
    state.commit(cost, at, moment, i + 1);
    booked.set(i, { at, cost });
  }
  return steps;
}

function costOf(limit: AnyLimit, random: Random): number {
  const most = capacityOf(limit);
  if (random.chance(0.05)) return Math.ceil(most) + 1;
  const whole = random.whole(1, Math.min(Math.max(1, Math.floor(most)), 1_000_000));
  const cost = Math.min(whole, most);
  return limit.kind === "pace" && random.chance(0.2) ? cost - 0.25 : cost;
}

function gapOf(limit: AnyLimit, random: Random): number {
  const span = spanOf(limit);
  return random.of([0, random.whole(0, 3), Math.floor((random.next() * span) / 4), span]);
}

function spanOf(limit: AnyLimit): number {
  switch (limit.kind) {
    case "window":
      return limit.widest;
    case "parts":
      return limit.span;
    case "pace":
      return Math.ceil((limit.burst * limit.micros) / limit.units);
    case "quota":
      return limit.period as number;
    case "concurrency":
      return limit.lease;
    default:
      return 1;
  }
}
