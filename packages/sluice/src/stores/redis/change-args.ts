/** A change as the arguments of the script that makes it. */

import type { Change } from "../store.ts";

/** `mark` names a change that has no ticket, so that it is made once. */
export function changeArgs(change: Change, mark: string): string[] {
  switch (change.kind) {
    case "settle":
    case "cancel": {
      const { plan, ticket, at, taken, actual } = change;
      const costs = plan.rules.flatMap(({ kind }, i) =>
        kind === "unlimited" ? [] : [String(taken[i]), String(actual[i])],
      );
      return ["settle", String(ticket), String(at), ...costs];
    }
    case "release":
      return [change.kind, String(change.ticket)];
    case "renew": {
      const { plan, ticket, held } = change;
      const sent = plan.rules.flatMap(({ kind }, i) =>
        kind === "unlimited" ? [] : [String(held[i])],
      );
      return [change.kind, String(ticket), ...sent];
    }
    case "gate":
      return ["gate", mark, String(change.until ?? 0)];
    case "reset":
      return ["reset", mark];
    case "resume":
      throw new TypeError("a change of just-in-time stores came to a store that books ahead");
  }
}
