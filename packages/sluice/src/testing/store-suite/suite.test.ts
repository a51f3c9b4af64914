// The suite itself: memory passes.
import { test } from "vitest";
import { memory } from "../../stores/memory.ts";
import { storeSuite } from "./suite.ts";

for (const { name, run } of storeSuite({ open: () => memory(), shared: false })) test(name, run);
