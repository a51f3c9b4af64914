/** The main job on several machines, played by processes: each has a part, and the store one limit. */

import { runSluice, type Ending } from "./processes.ts";
import { writeCities } from "./cities.ts";

export interface Fleet {
  readonly machines: number;
  readonly rows: number;
  /** Where inputs and outputs are. */
  readonly folder: string;
  readonly store: string;
  /** The job module. */
  readonly module: string;
  readonly rate: readonly string[];
  readonly apiUrl: string;
}

/** What one machine says at its end. */
export interface MachineEnd {
  readonly rows: number;
  readonly failed: number;
  /** Milliseconds from its first call to its last result. */
  readonly elapsed: number;
  /** Calls a second. */
  readonly rate: number;
}

/** What all of them came to; those that did not get to their end are not among `ends`. */
export interface FleetEnding extends Ending {
  readonly ends: readonly MachineEnd[];
  readonly outputs: readonly string[];
}

/** How often the screen is told how far they are. */
const TELL_MS = 5_000;

export async function runFleet(fleet: Fleet): Promise<FleetEnding> {
  const { machines, rows, folder, apiUrl } = fleet;
  const parts = Array.from({ length: machines }, (_, at) => at + 1);
  const inputs = parts.map((part) => `${folder}/cities-${part}.jsonl`);
  const outputs = parts.map((part) => `${folder}/distances-${part}.jsonl`);
  await writeCities(inputs, rows);
  const finished = parts.map(() => 0);
  const ends: MachineEnd[] = [];
  const tell = setInterval(() => console.log(`finished: ${finished.join(", ")} rows`), TELL_MS);
  const endings = await Promise.all(
    parts.map((_, at) =>
      runSluice(argumentsOf(fleet, inputs[at]!, outputs[at]!), { API_URL: apiUrl }, (line) => {
        const said = eventOf(line);
        if (said.event === "progress") finished[at] = said.finished;
        else if (said.event === "end") ends[at] = said;
        else console.log(`machine ${at + 1}: ${said.text}`);
      }),
    ),
  );
  clearInterval(tell);
  return {
    code: endings.find(({ code }) => code !== 0)?.code ?? 0,
    interrupted: endings.some(({ interrupted }) => interrupted),
    ends,
    outputs,
  };
}

function argumentsOf({ module, rate, store }: Fleet, input: string, output: string): string[] {
  const files = [module, "--input", input, "--output", output, "--force", "--json"];
  return ["run", ...files, ...rate, "--store", store, "--name", "cities"];
}

type Said =
  | { readonly event: "progress"; readonly finished: number }
  | ({ readonly event: "end" } & MachineEnd)
  | { readonly event: "note"; readonly text: string };

/** An event of `--json`; any other line is a failure, in words. */
function eventOf(line: string): Said {
  return line.startsWith("{") ? (JSON.parse(line) as Said) : { event: "note", text: line };
}
