// The stores that keep states of their own read the same vectors as the dialects.
import { afterAll, describe, test } from "vitest";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { drivers, newFile, removeFolders } from "../sqlite/connections.ts";
import { playOn } from "./play.ts";
import { vectorKinds, vectorsOf } from "./vector.ts";

afterAll(removeFolders);

const stores: Readonly<Record<string, () => Store>> = {
  "shared memory": () => sharedMemory(new SharedArrayBuffer(2 ** 18)),
  sqlite: () => sqlite(drivers[0]!.open(newFile())),
};

describe.each(Object.keys(stores))("%s", (name) => {
  test.each(vectorKinds)("%s", async (kind) => {
    for (const vector of vectorsOf(kind)) await playOn(stores[name]!, vector);
  });
});
