import { type Duration, toMicros } from "../../time.ts";
import type { ConcurrencyLimit, Per } from "../limit.ts";
import { NOT_ZERO, terms, wholeCount } from "../terms.ts";

/** Options of `concurrency`. */
export interface ConcurrencyOptions {
  /** Whose slots: `"key"` (default), or `"limiter"`, the same slots under all keys. */
  readonly per?: Per;
  /** How long after its release a slot is free again: milliseconds or text, default 0. */
  readonly cooldown?: Duration;
  /**
   * On shared stores, how long the slot of a process that died stays taken: milliseconds or text,
   * default 30 s. It is renewed while the process lives. The memory store has no need of it: nothing in one process dies alone.
   */
  readonly lease?: Duration;
}

/**
 * Never more than `slots` held at once. With `cooldown: W` never more than `slots` per W as the
 * server sees it, whatever the delays, because a slot returns only W after completion.
 *
 * An admission takes 1 slot unless its cost names another number.
 *
 * @param slots - How many, a whole number from 1 to 100,000.
 * @throws `INVALID_OPTION` for numbers that make no sense.
 * @example
 * const gentle = createLimiter(concurrency(4, { cooldown: "1s" }));
 */
export function concurrency(
  slots: number,
  options: ConcurrencyOptions = {},
): ConcurrencyLimit & { readonly defaultCost: number } {
  wholeCount(slots, "the slots of concurrency", 100_000, NOT_ZERO);
  const { per, cooldown = 0, lease = 0 } = options;
  return Object.freeze({
    kind: "concurrency",
    slots,
    cooldown: toMicros(cooldown, "cooldown of concurrency", 0),
    lease: toMicros(lease, "lease of concurrency", 0),
    per: terms("concurrency", per === undefined ? {} : { per }, true).per,
    defaultCost: 1,
  });
}
