// Several limits at once pass at the latest of their instants: held wins over any, never over both.
import fc from "fast-check";
import { expect, test } from "vitest";
import { held, heldUntil, isHeld, later, NEVER } from "./limit.ts";

const instants = fc.oneof(fc.constantFrom(0, 1, 2 ** 50), fc.maxSafeInteger().map(Math.abs));
const answers = fc.oneof(instants, instants.map(held), fc.constant(NEVER));

test.each([
  [1, 2, 2],
  [2, 1, 2],
  [0, 0, 0],
  [held(0), 5, held(5)],
  [held(7), 5, held(7)],
  [5, held(7), held(7)],
  [held(3), held(9), held(9)],
  [held(0), held(0), held(0)],
  [NEVER, 5, NEVER],
  [held(5), NEVER, NEVER],
  [NEVER, NEVER, NEVER],
])("the later of %d and %d is %d", (a, b, expected) => {
  expect(later(a, b)).toBe(expected);
});

test("held instants keep their instant, zero as well", () => {
  fc.assert(
    fc.property(instants, (instant) => {
      expect(isHeld(held(instant))).toBe(true);
      expect(heldUntil(held(instant))).toBe(instant);
      expect(isHeld(instant)).toBe(false);
    }),
  );
  expect(isHeld(NEVER)).toBe(false);
});

test("the order in which limits are asked does not matter, nor does asking twice", () => {
  fc.assert(
    fc.property(answers, answers, answers, (a, b, c) => {
      expect(later(a, b)).toBe(later(b, a));
      expect(later(later(a, b), c)).toBe(later(a, later(b, c)));
      expect(later(a, a)).toBe(a);
    }),
  );
});
