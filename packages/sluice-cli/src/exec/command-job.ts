/** The function of a job that runs a command for each row. */

import { CliError } from "../cli-error.ts";
import type { JobFunction } from "../runner/job-function.ts";
import { fillCommand, parseCommand } from "./command-template.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

/** A command as a job has it: plain data, so that it is the same in every worker. */
export interface CommandSpec {
  /** The program and its arguments, with places for the row. */
  readonly words: readonly string[];
  /** How many bytes of stdout, and of stderr, are kept. */
  readonly keep: number;
  /** The exit codes that are results and not failures. */
  readonly accept: readonly number[] | "any";
}

/** How a command that failed is recorded: its kind is in the code, its words in the message. */
export class CommandError extends Error {
  /** `EXIT_22`, or the signal that ended it. */
  readonly code: string;

  constructor(program: string, { exitCode, signal, stdout, stderr }: CommandResult) {
    const said = lastLine(stderr) || lastLine(stdout);
    const how = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
    super(`${program} ${how}${said ? `: ${said}` : ""}`);
    this.name = "CommandError";
    this.code = exitCode === null ? String(signal) : `EXIT_${exitCode}`;
  }
}

/** A job function that runs the command with each row's arguments. */
export function commandJob({ words, keep, accept }: CommandSpec): JobFunction {
  const templates = parseCommand(words);
  return async (row, { index, signal }) => {
    const command = fillCommand(templates, row, index);
    if (command.some((word) => word.includes("\0"))) {
      throw new CliError("ROW_INVALID", "the row has a NUL character, which no argument can have.");
    }
    const result = await runCommand(command, { signal, keep });
    const { exitCode } = result;
    if (exitCode !== null && (accept === "any" || accept.includes(exitCode))) return result;
    throw new CommandError(command[0]!, result);
  };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!.trim().slice(0, 500);
}
