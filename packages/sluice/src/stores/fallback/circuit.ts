/**
 * The circuit in front of a store, as a pure state machine: no clock, no calls. Closed: every call
 * goes through. Open, after so many failures in a row: none does, for a pause. Half-open: one call
 * is on its way to find out, and the others still are not made.
 *
 * A change of state begins a new era, and outcomes of calls from an earlier one change nothing: what
 * was sent to a store before it failed says nothing about it afterwards.
 */

/** When it opens and for how long. */
export interface CircuitRules {
  /** Failures in a row after which it opens. */
  readonly failures: number;
  /** Microseconds until the next probe. */
  readonly pause: number;
}

/** Instants are microseconds on the process's clock. */
export type Circuit =
  | { readonly state: "closed"; readonly era: number; readonly failures: number }
  | { readonly state: "open"; readonly era: number; readonly until: number }
  | { readonly state: "half-open"; readonly era: number; readonly until: number };

export const CLOSED: Circuit = { state: "closed", era: 0, failures: 0 };

/**
 * The circuit with one more call under way, or `undefined` when the call must not be made.
 *
 * @param decidedBy - When a probe that leaves now has an outcome at the latest.
 */
export function enter(
  circuit: Circuit,
  now: number,
  probes: boolean,
  decidedBy: number,
): Circuit | undefined {
  if (circuit.state === "closed") return circuit;
  if (circuit.state === "half-open" || !probes || now < circuit.until) return undefined;
  return { state: "half-open", era: circuit.era + 1, until: decidedBy };
}

/** After a call of that era that the store answered. */
export function succeed(circuit: Circuit, era: number): Circuit {
  if (era !== circuit.era || circuit.state === "open") return circuit;
  if (circuit.state === "half-open") return { ...CLOSED, era: era + 1 };
  return circuit.failures === 0 ? circuit : { ...circuit, failures: 0 };
}

/** After a call of that era that failed. */
export function fail(circuit: Circuit, era: number, now: number, rules: CircuitRules): Circuit {
  if (era !== circuit.era || circuit.state === "open") return circuit;
  const failures = circuit.state === "closed" ? circuit.failures + 1 : rules.failures;
  if (failures < rules.failures) return { state: "closed", era, failures };
  return { state: "open", era: era + 1, until: now + rules.pause };
}

/** When it makes sense to ask again. */
export function againAt(circuit: Circuit, now: number, { failures, pause }: CircuitRules): number {
  if (circuit.state !== "closed") return Math.max(now, circuit.until);
  // Those who ask again and again find out within about a pause.
  return now + Math.ceil(pause / failures);
}
