// In front of a sound store it is as if it were not there: the contract holds as for the store alone.
import { expect, test } from "vitest";
import { fallback } from "../../src/stores/fallback.ts";
import { storeSuite } from "../../src/testing/index.ts";
import { nearStore } from "./server.ts";

const cases = storeSuite(
  { open: () => fallback(nearStore(), { onFailure: "allow" }), shared: false },
  { traces: 40 },
);

test.each(cases)("$name", async ({ run }) => {
  expect(await run()).toBeUndefined();
});
