// The circuit alone: no clock, no calls.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { againAt, type Circuit, CLOSED, enter, fail, succeed } from "./circuit.ts";

const rules = { failures: 3, pause: 1000 };

function failed(times: number, now = 0): Circuit {
  let circuit = CLOSED;
  for (let i = 0; i < times; i++) circuit = fail(circuit, circuit.era, now, rules);
  return circuit;
}

describe("the circuit", () => {
  test("opens after so many failures in a row", () => {
    expect(failed(2)).toEqual({ state: "closed", era: 0, failures: 2 });
    expect(failed(3, 50)).toEqual({ state: "open", era: 1, until: 1050 });
  });

  test("counts failures in a row only", () => {
    const circuit = succeed(failed(2), 0);
    expect(circuit).toEqual(CLOSED);
    expect(fail(circuit, 0, 0, rules).state).toBe("closed");
  });

  test("lets nothing through until the pause is over, and then one probe that writes", () => {
    const open = failed(3);
    expect(enter(open, 999, true, 0)).toBeUndefined();
    expect(enter(open, 1000, false, 0)).toBeUndefined();
    const probing = enter(open, 1000, true, 1500)!;
    expect(probing).toEqual({ state: "half-open", era: 2, until: 1500 });
    expect(enter(probing, 5000, true, 9000)).toBeUndefined();
  });

  test("closes when the probe succeeds and opens again when it fails", () => {
    const probing = enter(failed(3), 1000, true, 1500)!;
    expect(succeed(probing, 2)).toEqual({ state: "closed", era: 3, failures: 0 });
    expect(fail(probing, 2, 1200, rules)).toEqual({ state: "open", era: 3, until: 2200 });
  });

  test("does not heed what was sent before it opened", () => {
    const open = failed(3);
    const probing = enter(open, 1000, true, 1500)!;
    expect([succeed(open, 0), fail(open, 0, 10, rules)]).toEqual([open, open]);
    expect([succeed(probing, 0), fail(probing, 0, 10, rules)]).toEqual([probing, probing]);
    expect(fail({ ...CLOSED, era: 3 }, 0, 0, rules)).toEqual({ ...CLOSED, era: 3 });
  });

  test("says when to ask again", () => {
    expect(againAt(CLOSED, 5, rules)).toBe(5 + 334);
    expect(againAt(failed(3), 5, rules)).toBe(1000);
    expect(againAt(enter(failed(3), 1000, true, 1500)!, 1200, rules)).toBe(1500);
    expect(againAt(failed(3), 7000, rules)).toBe(7000);
  });

  test("never has two probes on their way, and none within a pause of a failed one", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ does: fc.constant("enter" as const), writes: fc.boolean() }),
        fc.record({ does: fc.constant("wait" as const), for: fc.nat(700) }),
        fc.record({ does: fc.constant("end" as const), which: fc.nat(9), well: fc.boolean() }),
      ),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        let circuit: Circuit = CLOSED;
        let now = 0;
        let lastOpened = Number.NEGATIVE_INFINITY;
        const underway: { era: number; probe: boolean }[] = [];
        for (const step of all) {
          if (step.does === "wait") now += step.for;
          else if (step.does === "enter") {
            const before: Circuit = circuit;
            const entered: Circuit | undefined = enter(before, now, step.writes, now + 100);
            if (!entered) continue;
            const probe = before.state !== "closed";
            if (probe) {
              expect(underway.some((each) => each.probe)).toBe(false);
              expect(now - lastOpened).toBeGreaterThanOrEqual(rules.pause);
            }
            circuit = entered;
            underway.push({ era: entered.era, probe });
          } else if (underway.length > 0) {
            const [call] = underway.splice(step.which % underway.length, 1);
            const before: Circuit = circuit;
            circuit = step.well ? succeed(before, call!.era) : fail(before, call!.era, now, rules);
            if (circuit.state === "open" && before.state !== "open") lastOpened = now;
            if (before.state === "open") expect(circuit).toBe(before);
          }
        }
      }),
    );
  });
});
