/** The job of a command as a module of its own, for workers to load like any other. */

import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandSpec } from "./command-job.ts";

export interface JobFile extends AsyncDisposable {
  readonly path: string;
}

/**
 * Writes the module. The command is in its text: so a journal that knows a module by its text
 * notices a command that was changed.
 */
export async function writeJobFile(spec: CommandSpec): Promise<JobFile> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-exec-"));
  const name = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 12);
  const path = join(folder, `${name}.mjs`);
  const entry = new URL("./command-job.js", import.meta.url).href;
  await writeFile(
    path,
    `import { commandJob } from ${JSON.stringify(entry)};\nexport default commandJob(${JSON.stringify(spec)});\n`,
  );
  return {
    path,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
