// The worker as one plain module, which starts quickly; the library in it is the built one.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** Builds it beside the installed packages, where it finds them. */
export function buildWorker(): string {
  const modules = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
  const folder = join(modules, ".cache");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `sluice-chaos-${process.pid}.mjs`);
  const entry = fileURLToPath(new URL("./worker.ts", import.meta.url));
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return outfile;
}
