/** Hosts of their own on this one: network namespaces on a bridge, whose ways have different lengths. */

import { execFileSync } from "node:child_process";

const BRIDGE = "sluice-br";
const NET = "10.213.77";

export interface Network {
  /** The address of this host that the others know. */
  readonly address: string;
  /** The command that runs another one on that host. */
  host(n: number): readonly string[];
  stop(): void;
}

/** As many hosts; an error when this machine does not allow it. */
export function makeNetwork(hosts: number): Network {
  const names = Array.from({ length: hosts }, (_, i) => `sluice-host-${i}`);
  const stop = (): void => {
    for (const name of names) quietly("netns", "del", name);
    quietly("link", "del", BRIDGE);
  };
  stop(); // what an earlier run may have left
  try {
    ip("link", "add", BRIDGE, "type", "bridge");
    ip("addr", "add", `${NET}.1/24`, "dev", BRIDGE);
    ip("link", "set", BRIDGE, "up");
    names.forEach((name, i) => {
      ip("netns", "add", name);
      ip("link", "add", `sluice-v${i}`, "type", "veth", "peer", "name", "eth0", "netns", name);
      ip("link", "set", `sluice-v${i}`, "master", BRIDGE, "up");
      ip("-n", name, "addr", "add", `${NET}.${10 + i}/24`, "dev", "eth0");
      ip("-n", name, "link", "set", "eth0", "up");
      ip("-n", name, "link", "set", "lo", "up");
    });
  } catch (error) {
    stop();
    throw error;
  }
  return {
    address: `${NET}.1`,
    host: (n) => ["ip", "netns", "exec", names[n % hosts]!],
    stop,
  };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function quietly(...args: readonly string[]): void {
  try {
    ip(...args);
  } catch {
    // It was not there.
  }
}
