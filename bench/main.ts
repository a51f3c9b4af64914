/**
 * `npm run bench`, or with names: `npm run bench -- try-acquire fidelity`; `--quick` measures each
 * configuration once and leaves the slow peers out.
 */

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { begun } from "./harness/in-child.ts";
import { summary } from "./harness/report.ts";

/** Chaos takes the number of its runs or rounds, its seed, and on what; the fleet what it is to run. */
type Flags = {
  readonly [flag in "runs" | "rounds" | "seed" | "store" | "faults" | "limit" | "seconds"]?: string;
};

type Run = (quick: boolean, flags: Flags) => Promise<void>;

const all = [
  "try-acquire",
  "refusal",
  "keys-memory",
  "waiters",
  "fidelity",
  "strict-api",
  "fleet",
  "redis",
  "shared-memory",
  "postgres",
  "shared-memory-chaos",
  "sqlite",
  "store-chaos",
  "hosts",
  "job-rate",
  "job-overhead",
  "job-exec",
  "job-peers",
  "job-chaos",
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    rounds: { type: "string" },
    seed: { type: "string" },
    store: { type: "string" },
    limit: { type: "string" },
    seconds: { type: "string" },
    faults: { type: "string" },
  },
});
const names = positionals.length > 0 ? positionals : all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}. There are: ${all.join(", ")}.`);
  process.exit(2);
}

const [cpu] = cpus();
console.log(
  `${new Date().toISOString().slice(0, 16)}Z, Node ${process.version}, ${cpus().length} × ${cpu?.model}, load ${loadavg()[0]!.toFixed(2)}`,
);
for (const name of names) {
  const bench = (await import(`./${name}.ts`)) as { run: Run };
  await bench.run(values.quick, values);
}
if (begun.noisy > 0) {
  console.log(`\n${begun.noisy} of ${begun.all} runs began while others kept the machine busy.`);
}
process.exitCode = summary() ? 0 : 1;
