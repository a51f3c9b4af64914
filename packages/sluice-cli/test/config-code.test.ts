// What the code in sluice.config.ts throws is one sentence, not a mistake of Sluice.
import { expect, test } from "vitest";
import { Folder } from "./sluice-process.ts";

const job = "export default (row) => row;";

test.each([
  [
    "a generator",
    "input: (function* () { yield 1; throw new Error('no more') })()",
    "the input of the configuration threw (Error: no more)",
  ],
  [
    "an asynchronous one",
    "input: (async function* () { yield 1; throw 'no more' })()",
    "the input of the configuration threw (no more)",
  ],
  [
    "onResult",
    "input: [1, 2, 3], onResult: () => { throw new TypeError('not this') }",
    "onResult of the configuration threw (TypeError: not this)",
  ],
  [
    "an asynchronous onResult",
    "input: [1, 2, 3], onResult: async () => { throw new TypeError('not this') }",
    "onResult of the configuration threw (TypeError: not this)",
  ],
])("%s", async (_what, options, sentence) => {
  const folder = new Folder({
    "job.mjs": job,
    "sluice.config.mjs": `export default { module: "job.mjs", limits: "unlimited", output: "out.jsonl", ${options} };`,
  });
  const { code, stderr } = await folder.run([]);
  expect(stderr).toContain(`sluice: ${sentence}; `);
  expect(stderr).toMatch(/ \[CONFIG_THREW\]\n$/);
  expect(code).toBe(2);
  expect(folder.results()).toContain(1);
});
