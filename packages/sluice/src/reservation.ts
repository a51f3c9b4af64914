/** A booked instant: a permit whose time is still to come. */

import type { Reservation } from "./options.ts";
import type { Grant } from "./permit.ts";

export type BookedGrant = Reservation<never> & Grant;

/** Adds what a reservation has besides a permit. */
export function bookedGrant(grant: Grant, wait: number, cancel: () => boolean): BookedGrant {
  let cancelled = false;
  const booked = Object.assign(grant, {
    wait,
    cancel(): boolean {
      if (cancelled || grant.released) return false;
      cancelled = cancel();
      return cancelled;
    },
  });
  return booked as unknown as BookedGrant;
}
