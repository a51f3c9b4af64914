// Programs of these tests as plain modules that threads and processes of any Node can load.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

export function buildHammer(): string {
  return build("hammer");
}

/** Builds it beside the installed packages, where it finds `koffi`. */
export function build(name: "hammer" | "stepped"): string {
  const modules = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
  const folder = join(modules, ".cache");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `sluice-${name}-${process.pid}.mjs`);
  const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm" });
  return outfile;
}
