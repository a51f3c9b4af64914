/** The gate of a shared store: nothing before an instant, for a key or for all. */

import type { Lanes } from "./lanes.ts";
import { after } from "./answered.ts";
import type { SharedAdmissions } from "./shared-admissions.ts";

/** Closes it until the instant that is found from the store's now: who has booked gives back. */
export function closeGate(
  admissions: SharedAdmissions,
  lanes: Lanes,
  key: string | undefined,
  untilOf: (now: number) => number,
): void | Promise<void> {
  const { ledger, plans, events } = admissions;
  const plan = plans.of(key ?? "");
  return after(ledger.now(), (now) => {
    const until = untilOf(now);
    if (events.heard) events.emit({ type: "pause", key, until: admissions.toEpoch(until) });
    return after(ledger.amend([{ kind: "gate", key, plan, until }]), () => {
      for (const lane of lanes.all()) {
        if (key !== undefined && lane.queue.key !== key) continue;
        void lane.giveAllBack();
        lanes.pump(lane);
      }
    });
  });
}

/** Opens it again. */
export function openGate(
  { ledger, plans }: SharedAdmissions,
  key: string | undefined,
  opened: () => void,
): void | Promise<void> {
  const gate = { kind: "gate" as const, key, plan: plans.of(key ?? ""), until: undefined };
  return after(ledger.amend([gate]), opened);
}
