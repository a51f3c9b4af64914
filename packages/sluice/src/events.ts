/** What happens in a limiter, for those who listen; it costs nothing when nobody does. */

import { InvalidOptionError } from "./errors.ts";
import { show } from "./time.ts";

/**
 * One thing that happened to a limiter. Subscribers of the channel `sluice` of
 * `node:diagnostics_channel` get the same of all limiters, with the limiter's name as `limiter`.
 */
export type LimiterEvent =
  | {
      /** A permit was given, or an instant booked by `reserve`. */
      readonly type: "admit";
      readonly key: string;
      /** How long the caller waited for it, in milliseconds with fractions. */
      readonly waited: number;
      /** The permit's. */
      readonly ticket: number;
    }
  | {
      /** `tryAcquire` or `reserve` answered with a refusal. */
      readonly type: "refuse";
      readonly key: string;
      /** What refused, as in the refusal. */
      readonly limit: string;
      /** Milliseconds until it would fit; absent when only a release can help. */
      readonly retryAfter?: number;
    }
  | {
      /** A caller begins to wait. */
      readonly type: "wait";
      readonly key: string;
      /** How many callers wait now, over all keys and with this one. */
      readonly waiting: number;
    }
  | {
      /** A permit of a limiter with `concurrency` was released. */
      readonly type: "release";
      readonly key: string;
      /** The permit's. */
      readonly ticket: number;
    }
  | {
      /** The limiter, or a key of it, was paused. */
      readonly type: "pause";
      /** `undefined` for the whole limiter. */
      readonly key: string | undefined;
      /** The date until which this call pauses it, in milliseconds since the epoch: no span. */
      readonly until: number;
    }
  | {
      /** There was one more than `maxWaiting`, and somebody was rejected. */
      readonly type: "drop";
      /** The key of the caller who was rejected. */
      readonly key: string;
      /** The code of the rejection: `"QUEUE_FULL"`. */
      readonly reason: string;
    };

/** The kinds of events. */
export type EventType = LimiterEvent["type"];

const TYPES: Readonly<Record<EventType, true>> = {
  admit: true,
  refuse: true,
  wait: true,
  release: true,
  pause: true,
  drop: true,
};

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

const hooks = (
  globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
).process?.getBuiltinModule?.("node:diagnostics_channel") as
  | { channel(name: string): Channel }
  | undefined;

/** The channel `sluice` of `node:diagnostics_channel`; where there is none, nobody subscribes. */
const channel: Channel = hooks?.channel("sluice") ?? {
  hasSubscribers: false,
  publish: () => undefined,
};

type Listener = (event: LimiterEvent) => void;

export class Events {
  readonly #name: string;
  readonly #listeners = new Map<EventType, Set<Listener>>();
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  get heard(): boolean {
    return this.#count > 0 || channel.hasSubscribers;
  }

  /** Calls `listener` for every event of the type; returns what ends it. */
  on(type: EventType, listener: Listener): () => void {
    if (!Object.hasOwn(TYPES, type)) {
      throw new InvalidOptionError(
        `there is no event ${show(type)}; listen to one of ${Object.keys(TYPES).join(", ")}.`,
      );
    }
    if (typeof listener !== "function") {
      throw new InvalidOptionError(`a listener must be a function; got ${show(listener)}.`);
    }
    let set = this.#listeners.get(type);
    if (!set) this.#listeners.set(type, (set = new Set()));
    const own: Listener = (event) => listener(event);
    set.add(own);
    this.#count++;
    return () => {
      if (set.delete(own)) this.#count--;
    };
  }

  /** A listener that throws does not disturb the limiter: its error is reported apart. */
  emit(event: LimiterEvent): void {
    // Who is added meanwhile hears the next one.
    for (const listener of Array.from(this.#listeners.get(event.type) ?? [])) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    if (channel.hasSubscribers) channel.publish({ limiter: this.#name, ...event });
  }
}
