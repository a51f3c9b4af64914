/** 2. The cost of a refusal in clock reads, and whether an Error is made for it. */

import { concurrency, createLimiter, type Limiter, pace, window } from "sluice";
import { inChild } from "./harness/in-child.ts";
import { digits, median } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { against, clockRead, type Speed, type Subject } from "./harness/rounds.ts";
import type { ErrorsMade } from "./refusal-errors.ts";
import { refusingLater, refusingPeers } from "./peers/refused.ts";

const PASSES = 5;
const REFUSALS = 200_000;

type Trier = Pick<Limiter, "tryAcquire">;

const full: Record<string, () => Trier> = {
  window: () => used(createLimiter(window(10, "1d")), 10),
  pace: () => used(createLimiter(pace("1/1d")), 1),
  concurrency: () => used(createLimiter(concurrency(8)), 8),
  "window + pace + concurrency, all full": () =>
    used(
      createLimiter({
        window: window(8, "1d"),
        pace: pace("1/1d", { burst: 8 }),
        slots: concurrency(8),
      }),
      8,
    ),
};

function used(limiter: Trier, times: number): Trier {
  for (let i = 0; i < times; i++) limiter.tryAcquire({ key: "user:7" });
  return limiter;
}

const subjects: Record<string, () => Subject> = {
  ...Object.fromEntries(
    Object.entries(full).map(([name, make]) => [`tryAcquire, ${name}`, () => refusing(make())]),
  ),
  ...refusingPeers,
  ...refusingLater,
};

function refusing(limiter: Trier): Subject {
  return {
    calls: REFUSALS,
    batch: (calls) => {
      let refused = 0;
      for (let i = 0; i < calls; i++) {
        if (!limiter.tryAcquire({ key: "user:7" }).granted) refused++;
      }
      return refused;
    },
  };
}

export const tasks = {
  speed: (name: string): Promise<Speed> => against(clockRead, subjects[name]!()),
};

export async function run(quick: boolean): Promise<void> {
  title("2. Refusal");
  const results = new Map<string, Speed[]>();
  for (let pass = 0; pass < (quick ? 1 : PASSES); pass++) {
    for (const name of Object.keys(subjects)) {
      const speed = await inChild<Speed>(import.meta.url, "speed", name);
      results.set(name, [...(results.get(name) ?? []), speed!]);
    }
  }
  const ratios = new Map<string, number>();
  const rows = Array.from(results, ([name, speeds]) => {
    const each = speeds.map(({ ratio }) => ratio);
    ratios.set(name, median(each));
    return [
      name,
      digits(median(speeds.map(({ subject }) => subject))),
      digits(median(speeds.map(({ floor }) => floor))),
      digits(median(each)),
      `${digits(Math.min(...each))} to ${digits(Math.max(...each))}`,
    ];
  });
  table(["a refusal", "ns", "floor ns", "clock reads", "in all runs"], rows);
  console.log();
  for (const name of Object.keys(full)) {
    const ratio = ratios.get(`tryAcquire, ${name}`)!;
    verdict(`refusal by ${name}`, `${digits(ratio)} clock reads`, "at most 2", ratio <= 2);
  }
  const counting = new URL("refusal-errors.ts", import.meta.url).href;
  const { errors, control, refusals } = (await inChild<ErrorsMade>(counting, "errorsMade", null))!;
  verdict("Errors allocated", `${errors} in ${refusals} refusals`, "none", errors === 0);
  console.log(`(The counter works: the LimitExceededError of one acquire() counted ${control}.)`);
}
