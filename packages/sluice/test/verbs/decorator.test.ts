/** `wrap` as a standard decorator. Neither Node nor Vite knows the syntax: esbuild lowers it. */

import { transform } from "esbuild";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { createLimiter, type Limiter } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import type * as Decorated from "./decorated.ts";
import { watch } from "./outcomes.ts";

let decoratedApi: typeof Decorated.decoratedApi;

beforeAll(async () => {
  const source = await readFile(new URL("decorated.ts", import.meta.url), "utf8");
  const { code } = await transform(source, { loader: "ts", target: "es2022", tsconfigRaw: {} });
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  ({ decoratedApi } = (await import(/* @vite-ignore */ url)) as typeof Decorated);
});

function setUp(): { clock: ManualClock; limiter: Limiter<"5/1s"> } {
  const clock = manualClock();
  return { clock, limiter: createLimiter("5/1s", { clock }) };
}

describe("@limiter.wrap", () => {
  test("takes the method through the limiter, with its `this`", async () => {
    const { clock, limiter } = setUp();
    const api = decoratedApi(limiter);
    api.prefix = "https://";
    expect(await api.plain("a")).toBe("https://a");
    expect(limiter.stats().admitted).toBe(1);
    limiter.tryAcquire({ cost: 4 });
    const late = watch(api.plain("b"));
    await clock.advance(999);
    expect(late.outcome).toBe("pending");
    await clock.advance(1);
    expect(late.value).toBe("https://b");
  });

  test("two instances share the limiter", async () => {
    const { limiter } = setUp();
    const apis = [decoratedApi(limiter), decoratedApi(limiter)];
    apis[1]!.prefix = "2:";
    expect(await Promise.all(apis.map((api) => api.plain("x")))).toEqual(["/x", "2:x"]);
    expect(limiter.peek().limits["5/1s"]!.used).toBe(2);
  });
});

test("@limiter.wrap({ … }) reads key and cost off the arguments", async () => {
  const { limiter } = setUp();
  const api = decoratedApi(limiter);
  expect(await api.keyed("a.org", 3)).toBe("/a.org 3");
  expect(limiter.peek({ key: "a.org" }).limits["5/1s"]!.used).toBe(3);
  await expect(api.keyed("a.org", 6)).rejects.toMatchObject({ code: "COST_IMPOSSIBLE" });
});

test("called by hand with a decorator's context it is the same", async () => {
  const { limiter } = setUp();
  const context = { kind: "method", name: "get", addInitializer: () => undefined };
  const method = limiter.wrap(
    (x: number) => Promise.resolve(x * 2),
    context as unknown as ClassMethodDecoratorContext,
  );
  expect(await method(4)).toBe(8);
  const decorate = limiter.wrap({ key: "k" });
  const other = decorate(
    (x: number) => Promise.resolve(x * 3),
    context as unknown as ClassMethodDecoratorContext,
  );
  expect(await other(4)).toBe(12);
  expect(limiter.peek({ key: "k" }).limits["5/1s"]!.used).toBe(1);
});
