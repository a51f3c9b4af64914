/** The gate of a job whose limits are held by a store, together with other jobs of that name. */

import { randomUUID } from "node:crypto";
import { createLimiter, formatLimit, type Limiter, SluiceError } from "sluice";
import { fallback } from "sluice/fallback";
import { CliError } from "../cli-error.ts";
import { type OpenStore, reasonOf, unreachable } from "../store/open-store.ts";
import type { GateOptions, NamedLimits, OpenGate } from "./gate.ts";
import { gateLimitsOf } from "./gate-limits.ts";
import { StoreOutage } from "./store-outage.ts";

export interface SharedGateOptions extends Omit<GateOptions, "slots"> {
  readonly store: OpenStore;
  /** Names the budget in the store. */
  readonly name: string;
  /** Milliseconds that rows wait for a store that fails, before the job ends. */
  readonly storeTimeout: number;
  /** Says what happens to the store. */
  note(text: string): void;
}

/** Milliseconds that the first call may take. */
const FIRST_CALL_MS = 10_000;
/** Milliseconds for which an answer to what binds is good enough. */
const BINDING_MS = 1_000;

type SharedLimiter = Limiter<NamedLimits, boolean>;

/**
 * One limiter on the store. While the store fails nothing passes and rows wait for it; when that takes
 * too long all waits end with `STORE_UNAVAILABLE`, and so does the job.
 *
 * @throws what is wrong with the store or with what is in it, before the first row.
 */
export async function openSharedGate(options: SharedGateOptions): Promise<OpenGate> {
  const { store, name, margin, clock } = options;
  const { shared, own, rated, windowMs } = gateLimitsOf(options.limits, options.perWorker);
  if (Object.keys(shared).length === 0) {
    throw new CliError(
      "RATE_MISSING",
      `the store ${store.name} holds what all jobs share, and there are only limits per worker; add --rate (limits in code), or leave the store out.`,
    );
  }
  const limits = { ...shared, ...own };
  const list = Object.values(limits) as unknown as NamedLimits;
  await firstCall(createLimiter(list, { name, store: store.store, margin, clock }), options);
  const { limiter, outage } = patientLimiter(list, options);
  // Workers of other jobs have the same numbers. Without limits of their own all of them are one key,
  // whose rows are asked for together.
  const job = randomUUID();
  const keyOf = (slot: string): string => (Object.keys(own).length === 0 ? "" : `${job} ${slot}`);
  const binding = new Binding(limiter, namesIn(limits), () => clock.now());
  return {
    acquire: async ({ key, signal }) => {
      if (outage.failure) throw outage.failure;
      const permit = await limiter.acquire({ key: keyOf(key), signal });
      return { waited: permit.waited, release: () => quietly(() => permit.release()) };
    },
    pause: (ms) => void quietly(() => limiter.pause(ms)),
    store: `${JSON.stringify(name)} in ${store.name}`,
    windowMs,
    allowed: Object.keys(limits).join(", "),
    limits,
    margin,
    rated,
    binding: (slot = 0) => binding.of(keyOf(`worker ${slot}`)),
    snapshot: () => undefined,
    restore: async () => {},
    [Symbol.asyncDispose]: async () => {
      outage.end();
      await limiter[Symbol.asyncDispose]();
    },
  };
}

/** A limiter whose rows wait while the store fails, and what ends their patience. */
function patientLimiter(
  list: NamedLimits,
  { store, name, margin, clock, storeTimeout, note }: SharedGateOptions,
): { limiter: SharedLimiter; outage: StoreOutage } {
  const outage = new StoreOutage({ store: store.name, clock, patience: storeTimeout, note });
  const patient = fallback(store.store, {
    onFailure: "refuse",
    start: "used", // a store that comes back empty must not grant again what it granted before
    onCircuit: (event) => outage.tell(event),
  });
  const limiter: SharedLimiter = createLimiter(list, { name, margin, clock, store: patient });
  outage.onGivenUp = (reason) => void limiter.cancelWaiting({ reason });
  return { limiter, outage };
}

/** Finds what is wrong before a row depends on it: nothing is taken but a slot, for a moment. */
async function firstCall(limiter: SharedLimiter, options: SharedGateOptions): Promise<void> {
  const { store, clock } = options;
  const ask = async (): Promise<void> => {
    await limiter.peek();
    const answer = await limiter.tryAcquire({ cost: 0 });
    if (answer.granted) await answer.release();
  };
  let cancel = (): void => {};
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.setTimer(FIRST_CALL_MS, () =>
      reject(unreachable(store.name, new Error(`no answer in ${FIRST_CALL_MS / 1e3} s`))),
    );
  });
  try {
    await Promise.race([ask(), late]);
  } catch (error) {
    throw store.isNotMigrated?.(error) === true ? notMigrated(store.name, error) : error;
  } finally {
    cancel();
    void quietly(() => limiter[Symbol.asyncDispose]());
  }
}

function notMigrated(name: string, cause: unknown): CliError {
  return new CliError(
    "STORE_NOT_MIGRATED",
    `the store ${name} has no tables of Sluice (${reasonOf(cause)}); run "sluice migrate ${name}" once.`,
    { cause },
  );
}

/** What happens to a release or a pause is the business of the store: it tells it when it can. */
async function quietly(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
  }
}

/** The names of the limits by those that the limiter has for them: their texts, with a number when it is the second. */
function namesIn(limits: NamedLimits): ReadonlyMap<string, string> {
  const names = new Map([["fallback", "the store"]]); // what refuses while it fails
  for (const [name, limit] of Object.entries(limits)) {
    const text = formatLimit(limit);
    names.set(names.has(text) ? `${text} #2` : text, name);
  }
  return names;
}

/** What binds, as far as it is known: the store is asked once a second, and answers later. */
class Binding {
  readonly #limiter: SharedLimiter;
  readonly #names: ReadonlyMap<string, string>;
  readonly #now: () => number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #known: string | undefined;

  constructor(limiter: SharedLimiter, names: ReadonlyMap<string, string>, now: () => number) {
    this.#limiter = limiter;
    this.#names = names;
    this.#now = now;
  }

  of(key: string): string | undefined {
    if (this.#now() - this.#askedAt >= BINDING_MS * 1e3) {
      this.#askedAt = this.#now();
      void quietly(async () => {
        const { limit } = await this.#limiter.explain({ key });
        this.#known = limit === undefined ? undefined : (this.#names.get(limit) ?? limit);
      });
    }
    return this.#known;
  }
}
