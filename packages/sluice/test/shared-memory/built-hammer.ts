// The hammer as one plain module that threads and processes of any Node can load.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** Builds it beside the installed packages, where it finds `koffi`. */
export function buildHammer(): string {
  const modules = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
  const folder = join(modules, ".cache");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `sluice-hammer-${process.pid}.mjs`);
  const entry = fileURLToPath(new URL("./hammer.ts", import.meta.url));
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm" });
  return outfile;
}
