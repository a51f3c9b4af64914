/** Limits as texts, and back. */

import { InvalidOptionError } from "../errors.ts";
import { type DurationText, formatMicros, NUMBER, show } from "../time.ts";
import { concurrency } from "./concurrency/builder.ts";
import { blocked, unlimited } from "./extremes.ts";
import type { AnyLimit, CalendarPeriod } from "./limit.ts";
import { paceOf } from "./pace/builder.ts";
import { quota } from "./quota/builder.ts";
import { parseRate, type RateText } from "./rate.ts";
import { window } from "./window/window.ts";

/**
 * A limit as a text: `"100/1m"` (a window), `"200000/1m parts 60"`, `"5/s burst 10"`, `"10/5s even"`
 * and `"10/s even catchUp 5"` (paces), `"10000/day Europe/Berlin"` and `"100/1h fixed"` (quotas),
 * `"4 at once cooldown 1s"` (concurrency), `"unlimited"`, `"blocked"`.
 */
export type LimitText =
  | RateText
  | `${RateText} parts ${number}`
  | `${RateText} ${"even" | `burst ${number}`}`
  | `${RateText} ${"even" | `burst ${number}`} catchUp ${number}`
  | `${RateText} fixed`
  | `${RateText} fixed from ${string}`
  | `${number}/${CalendarPeriod}`
  | `${number}/${CalendarPeriod} ${string}`
  | `${number} at once`
  | `${number} at once cooldown ${DurationText}`
  | `${number} at once lease ${DurationText}`
  | `${number} at once cooldown ${DurationText} lease ${DurationText}`
  | "unlimited"
  | "blocked";

const CALENDAR = new RegExp(String.raw`^(${NUMBER})\s*/\s*(day|week|month)(?:\s+(\S+))?$`);
const SLOTS = new RegExp(
  String.raw`^(${NUMBER})\s+at\s+once(?:\s+cooldown\s+(\S+))?(?:\s+lease\s+(\S+))?$`,
);
const PARTS = String.raw`\s+parts\s+(${NUMBER})`;
const PACE = String.raw`\s+(?:(even)|burst\s+(${NUMBER}))(?:\s+catchUp\s+(${NUMBER}))?`;
const FIXED = String.raw`\s+(fixed)(?:\s+from\s+(\S+))?`;
const RATE = new RegExp(String.raw`^(\S+\s*/\s*\S+)(?:${PARTS}|${PACE}|${FIXED})?$`);

/**
 * The limit that a text means.
 *
 * @throws `INVALID_OPTION` with the received text, the rule and the remedy.
 * @example
 * parseLimit("5/s burst 10"); // the same as pace("5/s", { burst: 10 })
 */
export function parseLimit(source: string): AnyLimit {
  const text = typeof source === "string" ? source.trim() : "";
  if (text === "unlimited") return unlimited;
  if (text === "blocked") return blocked;
  const calendar = CALENDAR.exec(text);
  if (calendar) {
    const [, count, period, timeZone] = calendar;
    return quota(Number(count), period as CalendarPeriod, timeZone ? { timeZone } : {});
  }
  const slots = SLOTS.exec(text);
  if (slots) {
    const [, count, cooldown, lease] = slots;
    return concurrency(Number(count), {
      ...(cooldown ? { cooldown: cooldown as DurationText } : {}),
      ...(lease ? { lease: lease as DurationText } : {}),
    });
  }
  const rate = RATE.exec(text);
  if (!rate) {
    throw new InvalidOptionError(
      `a limit is written like "100/1m", "5/s burst 10", "10/5s even", "10000/day", "4 at once"; got ${show(source)}.`,
    );
  }
  const { count, span } = parseRate(rate[1]!);
  const [, , parts, even, burst, catchUp, fixed, from] = rate;
  if (even || burst) {
    return paceOf(count, span, {
      ...(burst ? { burst: Number(burst) } : {}),
      ...(catchUp ? { catchUp: Number(catchUp) } : {}),
    });
  }
  if (fixed) {
    const anchor = from === undefined ? 0 : Date.parse(from);
    if (!Number.isNaN(anchor)) return quota(count, span / 1e3, { anchor });
    throw new InvalidOptionError(
      `the anchor of a quota is an ISO date, such as "2026-01-01T00:00:00Z"; got ${show(from)}.`,
    );
  }
  return window(count, span / 1e3, parts ? { parts: Number(parts) } : {});
}

/** The text of a limit, which `parseLimit` reads back; `per` and `defaultCost` have no text. */
export function formatLimit(limit: AnyLimit): string {
  switch (limit.kind) {
    case "window":
      return limit.rates.map(({ count, span }) => `${count}/${formatMicros(span)}`).join(", ");
    case "parts":
      return `${limit.count}/${formatMicros(limit.span)} parts ${limit.parts}`;
    case "pace": {
      const burst = limit.burst === 1 ? "even" : `burst ${limit.burst}`;
      const catchUp = limit.catchUp === 0 ? "" : ` catchUp ${limit.catchUp}`;
      return `${limit.count}/${formatMicros(limit.span)} ${burst}${catchUp}`;
    }
    case "quota": {
      if (typeof limit.period === "string")
        return `${limit.count}/${limit.period} ${limit.timeZone}`;
      const from = limit.anchor === 0 ? "" : ` from ${new Date(limit.anchor / 1e3).toISOString()}`;
      return `${limit.count}/${formatMicros(limit.period)} fixed${from}`;
    }
    case "concurrency": {
      const cooldown = limit.cooldown === 0 ? "" : ` cooldown ${formatMicros(limit.cooldown)}`;
      const lease = limit.lease === 0 ? "" : ` lease ${formatMicros(limit.lease)}`;
      return `${limit.slots} at once${cooldown}${lease}`;
    }
    default:
      return limit.kind;
  }
}
