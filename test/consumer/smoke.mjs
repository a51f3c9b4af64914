// Run by Node 20, 22 and 24 in a folder where the packed package is installed, as a user would.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createLimiter, memory, window } from "sluice";
import { booked } from "sluice/store";
import * as testing from "sluice/testing";

const limiter = createLimiter(window(2, "50ms"));
assert.equal(limiter.tryAcquire().granted, true);
assert.equal(limiter.tryAcquire().granted, true);

const refusal = limiter.tryAcquire();
assert.equal(refusal.granted, false);
assert.ok(refusal.retryAfter > 0 && refusal.retryAfter <= 50, `retryAfter ${refusal.retryAfter}`);

const { open } = memory();
const shared = createLimiter("1/1s", { name: "x", store: { sync: true, waiting: booked(), open } });
assert.equal(shared.tryAcquire().granted, true);

const permit = await limiter.acquire();
assert.ok(permit.waited > 0 && permit.instant > 0);
assert.ok(Object.keys(testing).length > 0);

// Node 20.19, 22.12 and later load ES modules with `require` too, and it is the same module.
let loaded = "import";
if (process.features.require_module) {
  assert.equal(createRequire(import.meta.url)("sluice").createLimiter, createLimiter);
  loaded += " and require";
}
console.log(`${process.version}: ${loaded} work`);
