// The contract of a store, over a SharedArrayBuffer on a clock that moves by hand.
import { test } from "vitest";
import { storeSuite } from "../../testing/store-suite/suite.ts";
import { sharedMemory } from "../shared-memory.ts";

const buffers = new WeakMap<object, SharedArrayBuffer>();

const subject = {
  open: () => {
    const buffer = new SharedArrayBuffer(2 ** 20);
    const store = sharedMemory(buffer);
    buffers.set(store, buffer);
    return store;
  },
  dump: (store: object) => Buffer.from(buffers.get(store)!).toString("latin1"),
};

for (const { name, run } of storeSuite(subject)) test(name, run);
