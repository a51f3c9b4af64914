/** Random mixes of everything that callers do to a limiter. */

import fc from "fast-check";
import type { EventType } from "../../src/events.ts";
import type { Spec } from "./mix-limits.ts";

/** The keys that callers use. */
export const KEYS = ["a", "b", ""] as const;

/** What a caller does. Costs are cut down to what the limits hold. */
export type Step =
  | {
      readonly does: "acquire" | "run";
      readonly key: string;
      readonly costs: readonly number[];
      readonly priority: number;
      readonly timeout: number | undefined;
      readonly signal: number | undefined;
      /** Of `run`: how the function ends, and after how long. */
      readonly end: "return" | "throw" | "reject";
      readonly after: number;
    }
  | {
      readonly does: "try" | "reserve";
      readonly key: string;
      readonly costs: readonly number[];
      readonly barge: boolean;
      readonly ahead: number;
    }
  | { readonly does: "settle"; readonly which: number; readonly costs: readonly number[] }
  | {
      readonly does: "unbook";
      readonly which: number;
      readonly costs: readonly number[];
      readonly deeds: readonly ("cancel" | "settle")[];
    }
  | { readonly does: "release" | "dispose" | "abort"; readonly which: number }
  | { readonly does: "advance" | "block"; readonly ms: number }
  | { readonly does: "cancelWaiting" | "resume" | "reset"; readonly key: string | undefined }
  | { readonly does: "forget"; readonly key: string }
  | { readonly does: "pause"; readonly key: string | undefined; readonly ms: number }
  | { readonly does: "breach" | "restore" | "nonsense" | "unknown" }
  | { readonly does: "within"; readonly event: EventType; readonly step: Step }
  | {
      readonly does: "setLimits";
      readonly key: string | undefined;
      readonly specs: readonly Spec[];
    };

const key = fc.constantFrom(...KEYS);
const anyKey = fc.option(key, { nil: undefined, freq: 2 });
const costs = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 });
const which = fc.nat(5);

const asks: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom("acquire", "acquire", "run"),
  key,
  costs,
  priority: fc.constantFrom(0, 0, 0, 1, 2, -1),
  timeout: fc.option(fc.integer({ min: 0, max: 600 }), { nil: undefined, freq: 2 }),
  signal: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
  end: fc.constantFrom("return", "throw", "reject"),
  after: fc.constantFrom(0, 0, 30, 200),
});

/** What was booked last is settled, and cancelled, in some order. */
const unbooks: fc.Arbitrary<Step> = fc.record({
  does: fc.constant("unbook" as const),
  which: fc.nat(2),
  costs,
  deeds: fc.array(fc.constantFrom("cancel" as const, "settle" as const), {
    minLength: 1,
    maxLength: 3,
  }),
});

/** Steps that keep the books: whatever they do, the limits hold; also from within listeners. */
export function calmStep(booking: boolean, fine: boolean): fc.Arbitrary<Step> {
  const here = calmAct(booking);
  const event = fc.constantFrom<EventType>("admit", "refuse", "wait", "drop", "release", "pause");
  const within = fc.record({ does: fc.constant("within" as const), event, step: here });
  const ms = fine
    ? fc.oneof(
        fc.integer({ min: 0, max: 150 }),
        fc.nat(900).map((n) => n / 7.3),
      )
    : fc.integer({ min: 0, max: 150 });
  return fc.oneof(
    { weight: 23, arbitrary: here },
    { weight: 2, arbitrary: within },
    { weight: 6, arbitrary: fc.record({ does: fc.constant("advance" as const), ms }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant("block" as const), ms }) },
  );
}

/** What takes no time. */
function calmAct(booking: boolean): fc.Arbitrary<Step> {
  const tries = fc.constantFrom<"try" | "reserve">(
    "try",
    ...(booking ? Array<"reserve">(3).fill("reserve") : []),
  );
  const ms = fc.integer({ min: 0, max: 150 });
  return fc.oneof(
    { weight: 8, arbitrary: asks },
    {
      weight: booking ? 8 : 4,
      arbitrary: fc.record({
        does: tries,
        key,
        costs,
        barge: fc.boolean(),
        ahead: fc.integer({ min: 0, max: 500 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ does: fc.constant("settle" as const), which, costs }) },
    { weight: booking ? 4 : 0, arbitrary: unbooks },
    {
      weight: 5,
      arbitrary: fc.record({
        does: fc.constantFrom("release", "release", "dispose", "abort"),
        which,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constantFrom("cancelWaiting", "resume"), key: anyKey }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant("pause" as const), key: anyKey, ms }) },
  );
}

/** Steps after which what was counted before may count no more. */
export function wildStep(specs: fc.Arbitrary<Spec[]>): fc.Arbitrary<Step> {
  return fc.oneof(
    fc.record({ does: fc.constant("setLimits" as const), key: anyKey, specs }),
    fc.record({ does: fc.constant("reset" as const), key: anyKey }),
    fc.record({ does: fc.constant("forget" as const), key }),
    fc.record({ does: fc.constantFrom("breach", "restore", "nonsense", "unknown") }),
  );
}
