/**
 * The processes that share a file. Each keeps its free blocks in a purse of the memory, and who comes
 * next takes over the purse of one that has died. Nobody's death is waited for, or found out, in any
 * step: this is only so that kills cost no memory for ever.
 */

import { type Blocks, PLAIN, PURSE } from "./blocks.ts";
import { hashText, host } from "./host.ts";
import { AT_MEMBERS, MEMBERS, type Memory, UNIT } from "./layout.ts";

/** Bits of a process's number and of its start. */
const PID_BITS = 22n;
const START_BITS = 30n;

/** Takes the place of a process that has died, or a free one; none when all live. */
export function join(memory: Memory, blocks: Blocks): void {
  const me = nameOf(host.pid);
  if (me === 0n) return;
  const { words, numbers } = memory;
  for (let i = 0; i < MEMBERS; i++) {
    const at = AT_MEMBERS + 2 * i;
    const who = Atomics.load(words, at);
    if (who !== 0n && !isDead(who)) continue;
    if (Atomics.compareExchange(words, at, who, me) !== who) continue;
    if (numbers[at + 1] === 0) numbers[at + 1] = blocks.take(PLAIN, 1 + PURSE / 2);
    if (numbers[at + 1] !== 0) blocks.usePurse((numbers[at + 1]! * UNIT + 1) * 2);
    return;
  }
}

/** Its number, when it started (numbers are used again), and in whose eyes it has that number. */
function nameOf(pid: number): bigint {
  const start = startOf(pid);
  if (start === undefined) return 0n;
  const seen = BigInt.asUintN(Number(START_BITS), BigInt(start));
  return BigInt.asIntN(64, (seen << PID_BITS) | BigInt(pid) | (namespace() << 52n));
}

/** In doubt it lives: whose processes cannot be seen from here is left alone. */
function isDead(who: bigint): boolean {
  const bits = BigInt.asUintN(64, who);
  if (bits >> 52n !== namespace()) return false;
  const pid = Number(BigInt.asUintN(Number(PID_BITS), bits));
  try {
    return nameOf(pid) !== who;
  } catch (error) {
    return (error as { code?: string }).code === "ENOENT";
  }
}

/** Clock ticks from the boot to the start of a process; `undefined` where there is no /proc. */
function startOf(pid: number): number | undefined {
  if (!host.fs) return undefined;
  try {
    host.fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return undefined;
  }
  const stat = host.fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in the second field may hold anything, spaces and parentheses too.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

function namespace(): bigint {
  return BigInt(hashText(host.fs!.readlinkSync("/proc/self/ns/pid")) % 4_096);
}
