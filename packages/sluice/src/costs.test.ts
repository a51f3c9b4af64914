// From the caller's option to one number for each rule: what is no number is refused with a sentence.
import { describe, expect, test } from "vitest";
import { type AnyCost, resolveActual, resolveCosts } from "./costs.ts";
import { InvalidCostError } from "./errors.ts";
import { concurrency } from "./limits/concurrency/builder.ts";
import { pace } from "./limits/pace/builder.ts";
import { compile, type LimitsInput } from "./limits/plan.ts";
import { window } from "./limits/window/window.ts";
import { show } from "./time.ts";

const plan = (limits: LimitsInput) => compile(limits, 0, { now: 0, wall: 0 });
const each = {
  exact: plan({ x: window(9, "1s") }),
  parts: plan({ x: window(9, "1s", { parts: 3 }) }),
  pace: plan({ x: pace("9/s", { burst: 9 }) }),
  slots: plan({ x: concurrency(9) }),
};

/** The message of what a call throws, which must be an InvalidCostError. */
function message(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidCostError);
    return (error as InvalidCostError).message;
  }
  throw new Error("nothing was thrown");
}

const WRONG = [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 50, "5", "", null, true, 5n, [5], []];

describe.each(WRONG.map((wrong) => [wrong]))("%o is no cost", (wrong) => {
  test.each(Object.entries(each))("of %s", (_kind, limits) => {
    const said = `a cost must be a number from 0 to 2^50, or a record of such numbers; got ${show(wrong)}.`;
    expect(message(() => resolveCosts(limits, wrong as AnyCost))).toBe(said);
    expect(message(() => resolveActual(limits, wrong as AnyCost, [1]))).toBe(said);
  });

  test.each(Object.entries(each))("of %s by its name", (_kind, limits) => {
    const said = `a cost must be a number from 0 to 2^50; got ${show(wrong)} for "x".`;
    const cost = { x: wrong } as { x: number };
    expect(message(() => resolveCosts(limits, cost))).toBe(said);
    expect(message(() => resolveActual(limits, cost, [1]))).toBe(said);
  });
});

test("what was not told was used as it was taken", () => {
  const both = plan({ a: window(9, "1s"), b: window(9, "1s", { parts: 3 }), c: concurrency(9) });
  expect(resolveActual(both, {}, [1, 2, 3])).toEqual([1, 2, 3]);
  expect(resolveActual(both, { b: undefined, a: 4 }, [1, 2, 3])).toEqual([4, 2, 3]);
  expect(resolveActual(both, 5, [1, 2, 3])).toEqual([5, 5, 3]);
  expect(resolveActual(both, { c: 2 }, [1, 2, 3])).toEqual([1, 2, 2]);
});
