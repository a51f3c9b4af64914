import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";

/** What Node ends with when what is waited for can never come. */
const NEVER_SETTLED = 13;

/**
 * Says so when the process ends before the command has: because somebody else's code ended it, or
 * waits for what never comes. Else a job that stopped halfway would look like one that is through.
 *
 * @returns What is to be called when the command has ended.
 */
export function tellOfUnexpectedExit(): () => void {
  const tell = (code: number): void => {
    // Node 20 sets it in a listener of its own, later ones tell it.
    const waits = code === NEVER_SETTLED || process.exitCode === NEVER_SETTLED;
    const error = waits ? neverSettled() : ended(code);
    process.stderr.write(`sluice: ${error.message} [${error.code}]\n`);
    process.exitCode = exitCodes.usage;
  };
  process.once("exit", tell);
  return () => process.off("exit", tell);
}

function ended(code: number): CliError {
  return new CliError(
    "JOB_CRASHED",
    `the job ended this process with exit code ${code} before all rows were done; throw instead, or add --workers 1, so that it ends a worker; with an output file, go on with --resume.`,
  );
}

function neverSettled(): CliError {
  return new CliError(
    "JOB_CRASHED",
    'something that is waited for can never come, for nothing is left that could bring it; look for an "await" at the top level of the module and of the configuration.',
  );
}
