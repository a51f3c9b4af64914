// Programs change their limits all the time: of plans that were replaced only the last are known.
import { expect, test } from "vitest";
import type { Plan } from "./limits/plan.ts";
import { Plans } from "./plans.ts";

const SINCE = { now: 0, wall: 0 };

function plansOf(): Plans {
  return new Plans("1/1m", 0, SINCE, (plan) => plan);
}

test.each([undefined, "a"])("the last that were replaced are known, for the key %s", (key) => {
  const plans = plansOf();
  const seen: Plan[] = [];
  for (let count = 2; count < 2_002; count++) {
    plans.set(`${count}/1m`, SINCE, key);
    seen.push(plans.of("a"));
  }
  const known = seen.filter((plan) => plans.byText(plan.text) === plan);
  expect(known).toEqual(seen.slice(-1_025));
});

test("limits of single keys that were not replaced stay known, however many", () => {
  const plans = plansOf();
  for (let i = 0; i < 2_000; i++) plans.set(`${i + 2}/1m`, SINCE, `${i}`);
  for (const key of ["0", "1000", "1999"]) {
    const plan = plans.of(key);
    expect(plans.byText(plan.text)).toBe(plan);
  }
});
