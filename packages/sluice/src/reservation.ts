/** A booked instant: a permit whose time is still to come. */

import type { Reservation } from "./options.ts";
import type { Grant } from "./permit.ts";

export type BookedGrant = Reservation<never> & Grant;

/** Adds what a reservation has besides a permit. `cancel` is false once the instant has come. */
export function bookedGrant(grant: Grant, wait: number, cancel: () => boolean): BookedGrant {
  const booked = Object.assign(grant, { wait, cancel: () => grant.giveBack(cancel) });
  return booked as unknown as BookedGrant;
}
