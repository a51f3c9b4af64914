// What the root entry costs a bundle.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

// Bytes, gzipped. The aim is 8,000: all limits, all verbs and the memory store are far from it.
const budget = 32_050;

test("the root entry, bundled, minified and gzipped, is within its budget", async () => {
  const { outputFiles } = await build({
    entryPoints: ["packages/sluice/dist/index.js"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2023",
    write: false,
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  console.log(`size of the root entry: ${size} bytes gzipped, of at most ${budget}`);
  expect(size).toBeLessThanOrEqual(budget);
});
