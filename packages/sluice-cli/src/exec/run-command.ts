/** Runs one command without a shell, in a process group of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { CliError, systemReason } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import { enterGroup, killGroup } from "./running-groups.ts";

/** How a command ended, as it is written to the results. */
export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal?: NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
  /** Which of them were longer than what is kept. */
  readonly cut?: readonly ("stdout" | "stderr")[];
}

export interface CommandOptions {
  /** Ends the command and all that it started: first asked, then killed. */
  readonly signal: AbortSignal;
  /** How many bytes of each output are kept. */
  readonly keep: number;
}

/**
 * Resolves when the command has ended and its outputs are closed.
 *
 * @throws `COMMAND_NOT_STARTED` when it cannot be started, the signal's reason when that ended it.
 */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  { signal, keep }: CommandOptions,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const child = start(program, args);
  const outputs = { stdout: new Kept(child.stdout, keep), stderr: new Kept(child.stderr, keep) };
  const group = child.pid;
  if (group === undefined) {
    const [error] = (await once(child, "error")) as [Error];
    throw notStarted(program, error);
  }
  const leave = enterGroup(group);
  let killing: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(group, "SIGTERM");
    killing = setTimeout(() => killGroup(group, "SIGKILL"), defaults.killAfterMs);
  };
  signal.addEventListener("abort", end, { once: true });
  child.on("error", () => {}); // a kill that came too late
  const [exitCode, endedBy] = (await once(child, "close")) as [
    number | null,
    NodeJS.Signals | null,
  ];
  clearTimeout(killing);
  signal.removeEventListener("abort", end);
  leave();
  signal.throwIfAborted();
  return resultOf(exitCode, endedBy, outputs);
}

// A group of its own: so a time-out reaches what the command started, and Ctrl-C does not.
function start(program: string, args: readonly string[]): Started {
  try {
    return spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw notStarted(program, error as Error);
  }
}

type Started = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

type Outputs = Readonly<Record<"stdout" | "stderr", Kept>>;

function resultOf(
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  outputs: Outputs,
): CommandResult {
  const cut = (["stdout", "stderr"] as const).filter((name) => outputs[name].isCut);
  return {
    exitCode,
    ...(signal ? { signal } : {}),
    stdout: outputs.stdout.text(),
    stderr: outputs.stderr.text(),
    ...(cut.length > 0 ? { cut } : {}),
  };
}

function notStarted(program: string, error: Error): CliError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === "E2BIG" ? "the row is too long for an argument, E2BIG" : systemReason(error);
  return new CliError("COMMAND_NOT_STARTED", `"${program}" cannot be started (${why}).`, {
    cause: error,
  });
}

/** The first bytes of a stream; the rest is read and dropped, so that the command never waits. */
class Kept {
  readonly #chunks: Buffer[] = [];
  readonly #most: number;
  #bytes = 0;
  isCut = false;

  /** @param stream - There is none when the system was out of files. */
  constructor(stream: Readable | undefined, most: number) {
    this.#most = most;
    stream?.on("data", (chunk: Buffer) => this.#take(chunk));
    stream?.on("error", () => {}); // the command is gone; it has ended or will
  }

  #take(chunk: Buffer): void {
    const room = this.#most - this.#bytes;
    if (chunk.length > room) this.isCut = true;
    if (room <= 0) return;
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#chunks.push(kept);
    this.#bytes += kept.length;
  }

  /** As UTF-8; a character that was cut in two is left out. */
  text(): string {
    const bytes = Buffer.concat(this.#chunks);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: this.isCut });
  }
}
