/** A change as the numbers that the function `amend` takes: see amend.sql. */

import type { Change } from "../store.ts";

const VERBS = { settle: 1, cancel: 1, release: 2, renew: 3, gate: 4, reset: 5 } as const;

export function changeNumbers(change: Change): number[] {
  switch (change.kind) {
    case "settle":
    case "cancel": {
      const { plan, ticket, at, taken, actual } = change;
      const costs = plan.rules.flatMap(({ kind }, i) =>
        kind === "unlimited" ? [] : [taken[i]!, actual[i]!],
      );
      return [VERBS.settle, ticket, at, ...costs];
    }
    case "release":
      return [VERBS.release, change.ticket];
    case "renew": {
      const { plan, ticket, held } = change;
      const sent = plan.rules.flatMap(({ kind }, i) => (kind === "unlimited" ? [] : [held[i]!]));
      return [VERBS.renew, ticket, ...sent];
    }
    case "gate":
      return [VERBS.gate, change.until ?? 0];
    case "reset":
      return [VERBS.reset];
    case "resume":
      throw new TypeError("a change of just-in-time stores came to a store that books ahead");
  }
}

/** Whether it has something to write for a key that has no row. */
export function makesRows(change: Change): boolean {
  if (change.kind === "gate") return change.until !== undefined;
  if (change.kind !== "settle") return false;
  return change.actual.some((units, i) => units > change.taken[i]!);
}
