/** Who leaves when more would wait than may. */

import type { Settings } from "./options.ts";
import { compareRanks, type Waiter } from "./queue.ts";

/**
 * The one who makes place for a newcomer of this priority; nobody when the newcomer must go. Of those
 * who wait, the first and the last of each priority are enough.
 */
export function whoMakesPlace(
  waiting: readonly Waiter[],
  priority: number,
  { overflow, ageing }: Pick<Settings, "overflow" | "ageing">,
): Waiter | undefined {
  if (overflow === "reject" || waiting.length === 0) return undefined;
  const worse = (a: Waiter, b: Waiter): Waiter => {
    if (overflow === "drop-oldest") return b.arrival < a.arrival ? b : a;
    const lower = b.level.priority - a.level.priority;
    return lower < 0 || (lower === 0 && compareRanks(b, a, ageing) > 0) ? b : a;
  };
  const worst = waiting.reduce(worse);
  return overflow === "drop-lowest" && worst.level.priority >= priority ? undefined : worst;
}
