// Several processes and one limit, some of them killed with -9 in the middle of it: what all of them were
// given, merged, never exceeds it, neither by the instants nor by when their callers ran.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { postgres } from "../../src/stores/postgres.ts";
import { worstWindow } from "../../src/testing/window-oracle.ts";
import { pgPool } from "./clients.ts";

const schema = "processes_test";
const script = fileURLToPath(new URL("asker.ts", import.meta.url));
const running = new Set<ChildProcess>();
let connected: ReturnType<typeof pgPool>;

beforeAll(async () => {
  connected = pgPool();
  await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await postgres(connected.client, { schema }).migrate();
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await connected.end();
});

interface Line {
  readonly what: string;
  readonly ticket: number;
  readonly at: number;
  readonly ran: number;
}

class Asker {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  #rest = "";

  constructor(name: string) {
    const args = ["--import", "tsx", script, inject("postgresUrl"), schema, name];
    this.child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    running.add(this.child);
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  async reaches(rate: number, slots: number): Promise<void> {
    while (this.of("rate").length < rate || this.of("slot").length < slots) {
      expect(this.child.exitCode).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await closed;
    running.delete(this.child);
  }

  of(what: string): Line[] {
    return this.lines.filter((line) => line.what === what);
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop()!;
    for (const part of parts) {
      const [what, ticket, at, ran] = part.split(" ") as [string, string, string, string];
      this.lines.push({ what, ticket: Number(ticket), at: Number(at), ran: Number(ran) });
    }
  }
}

test("three processes, of which two are killed, keep one limit", async () => {
  const askers = [0, 1, 2].map(() => new Asker("killed"));
  const [first, second, last] = askers as [Asker, Asker, Asker];
  await Promise.all(askers.map((asker) => asker.reaches(10, 1)));
  await first.kill();
  await second.reaches(second.of("rate").length + 30, 0);
  await second.kill();
  // Their slots come back with the end of their leases.
  await last.reaches(last.of("rate").length + 90, last.of("slot").length + 50);
  await last.kill();
  const all = askers.flatMap((asker) => asker.of("rate"));
  for (const time of ["at", "ran"] as const) {
    const sorted = all.map((line) => line[time]).sort((a, b) => a - b);
    const passes = sorted.map((at) => ({ at, units: 1 }));
    expect(worstWindow(passes, 300_000).units).toBeLessThanOrEqual(30);
  }
  const tickets = all.map(({ ticket }) => ticket);
  expect(new Set(tickets).size).toBe(tickets.length);
});
