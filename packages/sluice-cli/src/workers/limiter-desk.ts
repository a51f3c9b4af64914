import { isDeepStrictEqual } from "node:util";
import {
  type Clock,
  createLimiter,
  type Duration,
  type Limiter,
  type LimiterSnapshot,
  type LimitsInput,
  type Permit,
} from "sluice";
import { CliError } from "../cli-error.ts";
import type { JobOptions } from "../runner/job-options.ts";
import type { LimiterVerb, SentError } from "./messages.ts";
import { toSent } from "./sent-error.ts";

export interface Replies {
  answer(ask: number, value: unknown): void;
  refuse(ask: number, error: SentError): void;
}

/** A snapshot with the limits that it was made under. */
interface SavedLimiter extends LimiterSnapshot {
  readonly limits: unknown;
}

/** Snapshots by the names of the limiters. */
export type SavedLimiters = Readonly<Record<string, SavedLimiter>>;

/** A limiter with more keys is not saved. */
const MOST_KEYS = 1_000;

/** The job's own limiters, asked from its workers. */
export class LimiterDesk implements AsyncDisposable {
  readonly #limiters: ReadonlyMap<string, Limiter>;
  readonly #limits: NonNullable<JobOptions["limiters"]>;

  constructor(limiters: NonNullable<JobOptions["limiters"]>, clock: Clock) {
    this.#limits = limiters;
    this.#limiters = new Map(
      Object.entries(limiters).map(([name, limits]) => [
        name,
        createLimiter(limits as LimitsInput, { name, clock }),
      ]),
    );
  }

  get names(): readonly string[] {
    return [...this.#limiters.keys()];
  }

  /** A place for one worker's asks. */
  open(replies: Replies): DeskSession {
    return new DeskSession(this.#limiters, replies);
  }

  /** What is used of each, to go on from; of one with very many keys nothing, for it is taken often. */
  snapshot(): SavedLimiters {
    const saved: Record<string, SavedLimiter> = {};
    for (const [name, limiter] of this.#limiters) {
      if (limiter.keys().length > MOST_KEYS) continue;
      saved[name] = { ...limiter.snapshot(), limits: this.#limits[name] };
    }
    return saved;
  }

  /** Limiters that are new, or have other limits than before, begin anew. */
  restore(saved: SavedLimiters): void {
    for (const [name, limiter] of this.#limiters) {
      const before = saved[name];
      if (before && isDeepStrictEqual(before.limits, asJson(this.#limits[name]))) {
        limiter.restore(before);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const limiter of this.#limiters.values()) await limiter[Symbol.asyncDispose]();
  }
}

/** As it comes back out of a file. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What one worker waits for and holds; all of it comes back when the worker ends. */
export class DeskSession {
  readonly #limiters: ReadonlyMap<string, Limiter>;
  readonly #replies: Replies;
  readonly #waits = new Map<number, AbortController>();
  readonly #held = new Map<number, Permit>();

  constructor(limiters: ReadonlyMap<string, Limiter>, replies: Replies) {
    this.#limiters = limiters;
    this.#replies = replies;
  }

  /** Answers through the replies, now or when there is room. */
  ask(ask: number, verb: LimiterVerb): void {
    this.#do(ask, verb).then(
      (value) => this.#replies.answer(ask, value),
      (error: unknown) => this.#replies.refuse(ask, toSent(error)),
    );
  }

  /** Nobody waits for the answer: what it would have granted, or has, comes back. */
  forget(ask: number): void {
    this.#waits.get(ask)?.abort();
    this.#giveBack(ask);
  }

  end(): void {
    for (const wait of this.#waits.values()) wait.abort();
    for (const ask of this.#held.keys()) this.#giveBack(ask);
  }

  async #do(ask: number, verb: LimiterVerb): Promise<unknown> {
    switch (verb.do) {
      case "acquire":
        return await this.#acquire(ask, verb);
      case "try": {
        const answer = this.#limiter(verb.name).tryAcquire(verb.options);
        if (answer.granted) return this.#hold(ask, answer);
        const { granted, limit, retryAfter } = answer;
        return { granted, limit, ...(retryAfter === undefined ? {} : { retryAfter }) };
      }
      case "pause":
        return this.#limiter(verb.name).pause(
          verb.ms as Duration,
          verb.key === undefined ? {} : { key: verb.key },
        );
      case "settle":
        return this.#permit(verb.permit).settle(verb.actual);
      case "release": {
        const permit = this.#permit(verb.permit);
        this.#held.delete(verb.permit);
        return permit.release();
      }
    }
  }

  async #acquire(ask: number, { name, options }: LimiterVerb & { do: "acquire" | "try" }) {
    const wait = new AbortController();
    this.#waits.set(ask, wait);
    try {
      const permit = await this.#limiter(name).acquire({ ...options, signal: wait.signal });
      if (!wait.signal.aborted) return this.#hold(ask, permit);
      permit.release();
      return undefined;
    } finally {
      this.#waits.delete(ask);
    }
  }

  #hold(ask: number, permit: Permit): { granted: true; waited: number } {
    this.#held.set(ask, permit);
    return { granted: true, waited: permit.waited };
  }

  #giveBack(ask: number): void {
    const permit = this.#held.get(ask);
    this.#held.delete(ask);
    permit?.release();
  }

  #limiter(name: string): Limiter {
    return this.#limiters.get(name)!; // the worker's side knows the names
  }

  #permit(ask: number): Permit {
    const permit = this.#held.get(ask);
    if (permit) return permit;
    throw new CliError(
      "PERMIT_RELEASED",
      "this permit was released before; release it once, and settle it before that.",
    );
  }
}
