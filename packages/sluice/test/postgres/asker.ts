// A process that asks a limiter in PostgreSQL for all it can get, and prints when it got what:
// node --import tsx asker.ts <address> <schema> <name>
import { writeSync } from "node:fs";
import pg from "pg";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { postgres } from "../../src/stores/postgres.ts";

const [address, schema, name] = process.argv.slice(2) as [string, string, string];
const pool = new pg.Pool({ connectionString: address, max: 2 });
// Longer than the system keeps any of them from running.
const store = postgres(pool, { schema, grace: "500ms" });
const limiter = createLimiter(window(30, "300ms"), { name, store });
const slots = createLimiter(concurrency(2, { lease: "500ms" }), { name: `${name} slots`, store });

async function ask(): Promise<never> {
  for (;;) {
    const permit = await limiter.acquire();
    // One clock for all processes of a host.
    const ran = process.hrtime.bigint() / 1000n;
    writeSync(1, `rate ${permit.ticket} ${+permit.instant * 1e3} ${ran}\n`);
  }
}

async function hold(): Promise<never> {
  for (;;) {
    const permit = await slots.acquire();
    writeSync(1, `slot ${permit.ticket} ${+permit.instant * 1e3} 0\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await permit.release();
  }
}

await Promise.all([...Array.from({ length: 20 }, ask), hold(), hold()]);
