/** From arguments to a command and an exit code. */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { SluiceError } from "sluice";
import { CliError } from "./cli-error.ts";
import { execCommand } from "./commands/exec.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { planCommand } from "./commands/plan.ts";
import { runCommand } from "./commands/run.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { say } from "./say.ts";

/** Runs the command that the arguments name and returns the exit code; it never rejects. */
export async function main(args: readonly string[], host: Host): Promise<number> {
  let code: number = exitCodes.ok;
  const program = new Command("sluice")
    .description("Pushes any number of rows through something that is rate-limited.")
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: (text, write) => write(`sluice: ${oneSentence(text)} [USAGE]\n`),
    })
    .showSuggestionAfterError()
    .enablePositionalOptions();
  const done = (exitCode: number): void => {
    code = exitCode;
  };
  for (const command of [runCommand, execCommand, planCommand, migrateCommand]) {
    program.addCommand(command(host, done));
  }
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    code = report(error, host);
  }
  await Promise.all([say(host.stdout, ""), say(host.stderr, "")]); // flushed before the end
  return code;
}

/** What the parser of arguments says, without its own prefix and in one line. */
function oneSentence(text: string): string {
  return text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ");
}

/** Says what went wrong in one line, and how the process ends for it. */
function report(error: unknown, host: Host): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof CliError || error instanceof SluiceError) {
    host.stderr.write(`sluice: ${error.message} [${error.code}]\n`);
    return exitCodes.usage;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  host.stderr.write(`sluice: this should not happen, please report it: ${stack}\n`);
  return exitCodes.internal;
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
