/** Many callers at once, each of which asks again as soon as it was answered. */

import type { Redis } from "ioredis";
import { serverTime } from "./servers.ts";
import type { Admit } from "./subjects.ts";

export interface Load {
  readonly callers: number;
  readonly admissions: number;
  /** Keys are taken in turn from so many; 1 for a hot one. */
  readonly keys: number;
  /** Keys of another prefix are others. */
  readonly prefix?: string;
}

export interface Measured {
  readonly perSecond: number;
  /** Microseconds of this process's CPU, and of the server's, per admission. */
  readonly cpu: number;
  readonly server: number;
  /** Calls of scripts per admission. */
  readonly calls: number;
}

export async function measure(
  client: Redis,
  admit: Admit,
  { callers, admissions, keys, prefix = "" }: Load,
): Promise<Measured> {
  const names = Array.from({ length: keys }, (_, i) => `user:${prefix}${i}`);
  const before = await serverTime(client);
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  let begun = 0;
  let admitted = 0;
  const caller = async (): Promise<void> => {
    while (begun < admissions) {
      const answer = (await admit(names[begun++ % keys]!)) as { granted?: boolean } | undefined;
      if (answer?.granted !== false) admitted++;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - started) / 1e3;
  const { user, system } = process.cpuUsage(cpuBefore);
  const after = await serverTime(client);
  if (admitted !== admissions) throw new Error(`${admissions - admitted} admissions went astray.`);
  return {
    perSecond: admissions / seconds,
    cpu: (user + system) / admissions,
    server: (after.micros - before.micros) / admissions,
    calls: (after.calls - before.calls) / admissions,
  };
}
