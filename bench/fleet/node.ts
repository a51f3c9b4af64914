/** One process of the fleet: pushes callers through its limiter and tells when they went on. */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createLimiter } from "sluice";
import type { Ledger, Store } from "sluice/store";
import { fleetLimits } from "./limits.ts";
import { openPeer, type Peer, type PeerName, PEERS } from "./peers.ts";
import { openStore, type StoreName } from "./stores.ts";

export interface NodeOrder {
  readonly store: StoreName | PeerName;
  readonly where: string;
  readonly limit: string;
  readonly name: string;
  /** Callers that wait at any time; 0 for a process that only holds the limiter. */
  readonly waiting: number;
  /** Milliseconds after the word to go at which they come. */
  readonly startMs: number;
  /** Milliseconds after the word to go at which they end. */
  readonly ms: number;
}

export interface NodeReport {
  readonly busy: boolean;
  /** When callers went on, in microseconds of the host's monotonic clock. */
  readonly ran: readonly number[];
  /** The instants that they were granted, in milliseconds since the epoch; none from a peer. */
  readonly instants: readonly number[];
  /** Calls of the store of all kinds; not counted for a peer. */
  readonly calls: number;
  readonly cpuMs: number;
}

interface Subject extends Peer {
  calls(): number;
}

const micros = (): number => Number(process.hrtime.bigint() / 1_000n);

// Nothing of a fleet outlives the bench.
process.once("disconnect", () => process.exit(1));
process.once("message", (order: NodeOrder) => void report(order));

async function report(order: NodeOrder): Promise<void> {
  const subject = await open(order);
  const go = once(process, "message");
  process.send!("ready");
  await go;
  const before = process.cpuUsage();
  const end = micros() + order.ms * 1e3;
  const ran: number[] = [];
  const instants: number[] = [];
  const caller = async (): Promise<void> => {
    while (micros() < end) {
      const granted = (await subject.acquire()) as { instant?: number } | undefined;
      ran.push(micros());
      if (granted?.instant !== undefined) instants.push(granted.instant);
    }
  };
  await sleep(order.startMs);
  for (let i = 0; i < order.waiting; i++) void caller();
  await sleep((end - micros()) / 1e3);
  const { user, system } = process.cpuUsage(before);
  const told: NodeReport = {
    busy: order.waiting > 0,
    ran,
    instants,
    calls: subject.calls(),
    cpuMs: (user + system) / 1e3,
  };
  // Those who wait at the end go nowhere.
  process.send!(told, () => process.exit(0));
}

async function open({ store: name, where, limit, name: budget }: NodeOrder): Promise<Subject> {
  if (isPeer(name)) return { ...openPeer(name, where, budget), calls: () => 0 };
  const { store } = await openStore(name, where);
  const counter = { calls: 0 };
  const { limits } = fleetLimits[limit]!;
  const limiter = createLimiter(limits, { name: budget, store: counted(store, counter) });
  return { acquire: () => limiter.acquire(), calls: () => counter.calls };
}

function isPeer(name: string): name is PeerName {
  return PEERS.some((peer) => peer === name);
}

/** Counts the calls of all kinds: each is one round trip to a remote store. */
function counted(store: Store, counter: { calls: number }): Store {
  const open = (scope: Parameters<Store["open"]>[0]): Ledger<boolean> =>
    new Proxy(store.open(scope) as Ledger<boolean>, {
      get: (ledger, property) => {
        const value = Reflect.get(ledger, property, ledger) as unknown;
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          counter.calls++;
          return Reflect.apply(value, ledger, args) as unknown;
        };
      },
    });
  return { ...store, open } as Store;
}
