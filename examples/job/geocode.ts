/** The function of the job, as each worker loads it. The service is a stand-in. */

import type { RowContext, WorkerContext } from "sluice-cli";

export interface Address {
  readonly street: string;
  readonly house: number;
}

export interface Place extends Address {
  readonly latitude: number;
}

let connection = "";

/** Once in each worker, before its first row: what cannot be sent, such as a connection. */
export function setup({ worker }: WorkerContext): void {
  connection = `connection of worker ${worker}`;
}

/** Every seventh house is not found at the first attempt; one never is. */
export default async function geocode(
  address: Address,
  { attempt, signal }: RowContext,
): Promise<Place> {
  signal.throwIfAborted();
  if (connection === "") throw new Error("setup was not called");
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
  const { house } = address;
  if (house === 13) throw new Error("there is no house 13");
  if (house % 7 === 0 && attempt === 1) {
    throw Object.assign(new Error("try again soon"), { retryAfter: 30 });
  }
  return { ...address, latitude: 41.85 + house / 1e4 };
}
