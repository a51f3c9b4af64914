// Where the processes of chaos rounds keep their state, and what can happen to it.
import { setTimeout as sleep } from "node:timers/promises";
import { OPEN_WAY, type TcpProxy } from "../servers/tcp-proxy.ts";
import { hostMicros } from "./diary.ts";
import type { StoreName } from "./order.ts";
import type { Random } from "./random.ts";

/** What a fault has done when it is over. */
export interface Damage {
  /** How often the store has forgotten something: each time the limits may be granted once more. */
  readonly forgets: number;
}

export type Fault = (random: Random) => Promise<Damage>;

export interface Place {
  readonly store: StoreName;
  /** What processes connect to: an address or a file. */
  readonly where: string;
  /** Variables of the environment of the processes whose clock is to be set. */
  readonly env: Readonly<Record<string, string>>;
  readonly faults: Readonly<Record<string, Fault>>;
  /** Whether it has a clock of its own, which nobody sets. */
  readonly steady: boolean;
  /** Sets the clock right again. */
  setRight(): void;
  /** Microseconds by which the store's clock is ahead of the host's. */
  ahead(): number;
  /** Comes back when the store has got all that was sent by processes that are gone. */
  drained(): Promise<void>;
  stop(): Promise<void>;
}

const HARMLESS: Damage = { forgets: 0 };
export const FORGETS: Damage = { forgets: 1 };

/** Seconds of trouble are rare, since most of what can go wrong does so at its beginning and end. */
export function troubleMs(random: Random): number {
  return random() < 0.25 ? 1_000 + 1_500 * random() : 20 + 600 * random();
}

/** What a network does. */
export function networkFaults(proxy: TcpProxy): Record<string, Fault> {
  const during = async (random: Random): Promise<Damage> => {
    await sleep(troubleMs(random));
    proxy.mend();
    return HARMLESS;
  };
  return {
    cut: (random) => {
      proxy.cut();
      return during(random);
    },
    silence: async (random) => {
      proxy.silence();
      await sleep(troubleMs(random));
      if (random() < 0.5) proxy.breakAll();
      proxy.mend();
      return HARMLESS;
    },
    slow: (random) => {
      const [delay, jitter] = [2 + 100 * random() ** 2, 60 * random() ** 2];
      proxy.way = { ...OPEN_WAY, delay, jitter };
      return during(random);
    },
    throttled: (random) => {
      proxy.way = { ...OPEN_WAY, throttle: 5 + 50 * random() };
      return during(random);
    },
  };
}

/** Of a store that goes by the wall clock of this host, which it shares with its server. */
export function wallAhead(): number {
  let found = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    // It has whole milliseconds: right after one has begun it is exact.
    const before = Date.now();
    while (Date.now() === before);
    found = Math.max(found, Date.now() * 1e3 - hostMicros());
  }
  return found;
}
