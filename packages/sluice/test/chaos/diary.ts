// What a process of a chaos round writes down, and how it is read. Each line is on its way to the file
// before the process goes on, so that kill -9 loses nothing that has had an effect: an admission counts
// once it is in the file, and what was granted and not written was never used by anybody.
import { existsSync, openSync, readFileSync, writeSync } from "node:fs";

/** Times are microseconds of the host's monotonic clock, unless it is said. */
export type Entry =
  | {
      readonly what: "granted";
      readonly call: number;
      readonly mix: string;
      readonly key: string;
      readonly units: number;
      readonly ticket: number;
      /** Milliseconds since the epoch on the store's clock, rounded up. */
      readonly instant: number;
      /** When the limiter let the caller go, and when the caller's code went on. */
      readonly handed: number;
      readonly ran: number;
    }
  /** Before `settle`: from then on others may be granted what is given back. */
  | { readonly what: "settled"; readonly call: number; readonly actual: number }
  /** Before `release`: from then on others may have the slot. */
  | { readonly what: "done"; readonly call: number; readonly at: number; readonly aborted: boolean }
  /** How a call ended otherwise, and how long after its time-out or its abort. */
  | {
      readonly what: "ended";
      readonly verb: string;
      readonly outcome: string;
      readonly at: number;
      readonly overrun: number;
    }
  /** The event loop did not come round. */
  | { readonly what: "stall"; readonly from: number; readonly to: number };

export type Granted = Extract<Entry, { what: "granted" }>;

export class Diary {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  note(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/** Of a process that was killed the last line may be cut short. */
export function readDiary(path: string): Entry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

export function hostMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
