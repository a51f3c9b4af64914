/** What happens in a limiter, for those who listen; it costs nothing when nobody does. */

import { InvalidOptionError } from "./errors.ts";
import { show } from "./time.ts";

/** One thing that happened. Times are milliseconds. */
export type LimiterEvent =
  | {
      readonly type: "admit";
      readonly key: string;
      readonly waited: number;
      readonly ticket: number;
    }
  | {
      readonly type: "refuse";
      readonly key: string;
      readonly limit: string;
      readonly retryAfter?: number;
    }
  | { readonly type: "wait"; readonly key: string; readonly waiting: number }
  | { readonly type: "release"; readonly key: string; readonly ticket: number }
  | { readonly type: "pause"; readonly key: string | undefined; readonly until: number }
  | { readonly type: "drop"; readonly key: string; readonly reason: string };

/** The kinds of events. */
export type EventType = LimiterEvent["type"];

const TYPES: readonly EventType[] = ["admit", "refuse", "wait", "release", "pause", "drop"];

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
    if (!TYPES.includes(type)) {
      throw new InvalidOptionError(
        `there is no event ${show(type)}; listen to one of ${TYPES.join(", ")}.`,
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
