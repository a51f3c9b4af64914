/** One process of the fleet: pushes callers through its limiter and tells when they ran. */

import { createLimiter } from "sluice";
import { fleetLimits } from "./limits.ts";
import { openStore, type StoreName } from "./stores.ts";

export interface NodeOrder {
  readonly store: StoreName;
  readonly where: string;
  readonly limit: string;
  readonly name: string;
  /** Callers that wait at any time. */
  readonly waiting: number;
  readonly ms: number;
}

export interface NodeReport {
  /** When callers went on, in microseconds of the host's monotonic clock. */
  readonly ran: readonly number[];
  /** The instants that they were granted, in milliseconds since the epoch. */
  readonly instants: readonly number[];
  readonly calls: number;
  readonly cpuMs: number;
}

const micros = (): number => Number(process.hrtime.bigint() / 1_000n);

process.once("message", (order: NodeOrder) => void report(order));

async function report(order: NodeOrder): Promise<void> {
  const { store, close } = await openStore(order.store, order.where);
  let calls = 0;
  const counted = {
    ...store,
    open: (scope: Parameters<typeof store.open>[0]) => {
      const ledger = store.open(scope);
      const reserve = ledger.reserve.bind(ledger);
      ledger.reserve = ((ask: Parameters<typeof reserve>[0]) => {
        calls++;
        return reserve(ask);
      }) as typeof ledger.reserve;
      return ledger;
    },
  };
  const limiter = createLimiter(fleetLimits[order.limit]!.limits, {
    name: order.name,
    store: counted,
  });
  const ran: number[] = [];
  const instants: number[] = [];
  const end = micros() + order.ms * 1e3;
  const before = process.cpuUsage();
  const caller = async (): Promise<void> => {
    while (micros() < end) {
      try {
        const { instant } = await limiter.acquire();
        ran.push(micros());
        instants.push(instant);
      } catch (error) {
        if ((error as { code?: string }).code === "WAIT_CANCELLED") return;
        throw error;
      }
    }
  };
  const callers = Promise.all(Array.from({ length: order.waiting }, caller));
  setTimeout(() => limiter.cancelWaiting(), order.ms);
  await callers;
  const { user, system } = process.cpuUsage(before);
  const told: NodeReport = { ran, instants, calls, cpuMs: (user + system) / 1e3 };
  await limiter[Symbol.asyncDispose]();
  await close();
  process.send!(told, () => process.exit(0));
}
