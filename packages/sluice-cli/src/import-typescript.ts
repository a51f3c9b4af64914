/** Loads TypeScript as it is, on every Node: modules of jobs, and configurations. */

import { createJiti } from "jiti";

/** What the file exports; throws what is wrong with it, or what it throws. */
export function importTypeScript(file: string): Promise<object> {
  return createJiti(import.meta.url, { interopDefault: false, fsCache: false }).import(file);
}
