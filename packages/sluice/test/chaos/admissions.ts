// The admissions of a round as the judge sees them.
import type { Granted } from "./diary.ts";
import type { Evidence } from "./evidence.ts";

export interface Admitted extends Granted {
  readonly life: number;
  /** What it took at the least, after its settlement. */
  readonly used: number;
  /** When its holder gave it back, was killed, or infinite. */
  readonly until: number;
  /** It heard that its lease was lost; the dead cannot be asked. */
  readonly aborted: boolean;
  /** Its caller ran later than the grace allows, so that it counts twice, or was hit by a signal. */
  readonly late: boolean;
  /** Granted by the process itself, in the place of a store that failed. */
  readonly local: boolean;
}

/** So long after it was let go a caller runs, where the store's clock says nothing about it. */
export const AT_ONCE = 3_000;
/** Instants are told in milliseconds, rounded up: who ran within the grace of that may be too late. */
const ROUNDED = 1_000;

export function admissionsOf({ lives, graceMs, ahead }: Evidence): Admitted[] {
  return lives.flatMap(({ id: life, entries, killedAt }) => {
    const settled = new Map<number, number>();
    const done = new Map<number, { at: number; aborted: boolean }>();
    for (const entry of entries) {
      if (entry.what === "settled") settled.set(entry.call, entry.actual);
      else if (entry.what === "done") done.set(entry.call, entry);
    }
    // What a process grants itself goes by a clock of its own: somebody ran at once.
    const locals = entries.filter((entry) => entry.what === "granted" && entry.ticket < 0);
    const own = Math.max(...(locals as Granted[]).map(({ instant, ran }) => instant * 1e3 - ran));
    return entries.flatMap((entry): Admitted[] => {
      if (entry.what !== "granted") return [];
      const { call, units, instant, handed, ran, ticket } = entry;
      const local = ticket < 0;
      const clock = local ? own : ahead;
      const late =
        clock === undefined
          ? ran - handed > AT_ONCE
          : ran + clock - instant * 1e3 > graceMs * 1e3 - ROUNDED;
      const end = done.get(call);
      return [
        {
          ...entry,
          life,
          used: Math.min(units, settled.get(call) ?? units),
          until: end?.at ?? killedAt,
          aborted: end?.aborted ?? true,
          late,
          local,
        },
      ];
    });
  });
}
