// What cannot decide says so in one sentence with a code, and is never a refusal: against real servers.
import { rm } from "node:fs/promises";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { redis, type RedisClient, type RedisOptions } from "../../src/stores/redis.ts";
import { failureOf } from "../../src/stores/redis/failures.ts";
import { type Answer, type Ask, askFor, type Ledger } from "../../src/stores/store.ts";
import { startRedis } from "../servers/redis.ts";
import { temporaryFolder } from "../servers/server-process.ts";
import { ioRedis } from "./clients.ts";
import { scopeOf } from "../scope.ts";

const { client, end } = ioRedis();
const leave: (() => unknown)[] = [end];
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  leave.push(() => rm(folder, { recursive: true, force: true }));
});
afterAll(async () => {
  for (const each of leave) await each();
});

/** A server with settings of its own, and a client of it. */
async function serverWith(...options: string[]): Promise<Redis> {
  const stops: (() => Promise<void>)[] = [];
  const other = new Redis(await startRedis(folder, stops, options));
  // What the tests ask for is told where it was asked.
  other.on("error", () => undefined);
  leave.unshift(() => other.disconnect(), ...stops);
  return other;
}

/** The server by a user of its own. */
function urlAs(username: string): string {
  const url = new URL(inject("redisUrl"));
  return Object.assign(url, { username, password: "secret" }).href;
}

let opened = 0;

function open(on: unknown, options: RedisOptions & { name?: string } = {}): Ledger<false> {
  const { name = `failing-${opened++}`, ...rest } = options;
  return redis(on as RedisClient, rest).open(scopeOf({ clock: systemClock, name }));
}

function plan(input: LimitsInput): Plan {
  return compile(input, 0, { now: 0, wall: 0 });
}

const limits = plan(window(1, "1h"));

function ask(ledger: Ledger<false>, more: Partial<Ask> = {}): Promise<Answer> {
  return ledger.reserve({ ...askFor("k", limits, [[1]]), ...more });
}

/** One sentence: what, why, and what to do about it. */
async function says(asked: Promise<unknown>, code: string, sentence: RegExp): Promise<void> {
  const error = await asked.then(
    (answer) => expect.fail(`it was answered: ${JSON.stringify(answer)}`),
    (failure: unknown) => failure as Error,
  );
  expect(error).toMatchObject({ code });
  expect(error.message).toMatch(sentence);
  expect(error.message).toMatch(/^\S[^\n]*[^.]\.$/);
}

describe("clients", () => {
  test("of an unknown kind", () => {
    expect(() => redis({} as RedisClient)).toThrow(/ioredis or redis; got \{\}/);
    expect(() => redis(undefined as unknown as RedisClient)).toThrow(/got undefined/);
    expect(() => redis(client, { prefix: "a{b}" })).toThrow(/without braces/);
  });

  const remedy =
    /^Redis did not decide \(.*\); connect the client before it is used, and close it after/;

  test("of ioredis that was closed", async () => {
    const closed = new Redis(inject("redisUrl"));
    await closed.quit();
    await says(ask(open(closed)), "STORE_UNAVAILABLE", remedy);
  });

  test("of node-redis that was closed, or never connected", async () => {
    const never = createClient({ url: inject("redisUrl") });
    await says(ask(open(never)), "STORE_UNAVAILABLE", remedy);
    const closed = await createClient({ url: inject("redisUrl") }).connect();
    await closed.close();
    await says(ask(open(closed)), "STORE_UNAVAILABLE", remedy);
  });

  test("whose server is not there", async () => {
    const nowhere = new Redis(1, "127.0.0.1", { maxRetriesPerRequest: 0 });
    nowhere.on("error", () => undefined);
    leave.unshift(() => nowhere.disconnect());
    await says(ask(open(nowhere)), "STORE_UNAVAILABLE", /look at the client's connection/);
  });

  test("without a password", async () => {
    const locked = await serverWith("--requirepass", "secret");
    await says(ask(open(locked)), "STORE_UNAVAILABLE", /\(NOAUTH .*\); give the client its user/);
  });
});

describe("servers", () => {
  test.each([
    ["EVALSHA", "+@all", "-evalsha"],
    ["EVAL", "+@all", "-eval"],
    ["any script", "+@all", "-@scripting"],
    ["what the scripts call", "+@all", "-set"],
  ])("whose user may not run %s", async (what, ...rules) => {
    await client.acl("SETUSER", what.replace(/ /g, "-"), "on", ">secret", "~*", "&*", ...rules);
    const username = what.replace(/ /g, "-");
    onTestFinished(async () => void (await client.acl("DELUSER", username)));
    const weak = new Redis(urlAs(username));
    onTestFinished(() => weak.disconnect());
    await client.script("FLUSH");
    await says(ask(open(weak)), "STORE_UNAVAILABLE", /give its user \+eval, \+evalsha/);
  });

  test("whose user may not run what the scripts call, in the words of Valkey 8", () => {
    const said = "ERR ACL failure in script: User u has no permissions to run the 'set' command";
    const { code, message } = failureOf(new Error(said), "row");
    expect(code).toBe("STORE_UNAVAILABLE");
    expect(message).toContain("give its user +eval, +evalsha");
  });

  test.each(["EVAL", "EVALSHA"])("that have no command %s", async (command) => {
    const without = await serverWith("--rename-command", command, "");
    const sentence = /\(ERR unknown command .*\); it must allow scripts \(EVAL and EVALSHA\)/;
    await says(ask(open(without)), "STORE_UNAVAILABLE", sentence);
  });

  test("that are out of memory, and have it again", async () => {
    const full = await serverWith("--maxmemory-policy", "noeviction");
    const ledger = open(full);
    expect((await ask(ledger)).admitted).toBe(1);
    await full.config("SET", "maxmemory", "1");
    const sentence = /\(OOM [^.]*\); give it memory, and leave its maxmemory-policy at noeviction/;
    await says(ask(ledger, { key: "other" }), "STORE_UNAVAILABLE", sentence);
    // What needs no memory is decided still.
    expect((await ask(ledger)).admitted).toBe(0);
    await full.config("SET", "maxmemory", "0");
    expect((await ask(ledger, { key: "other" })).admitted).toBe(1);
  });

  test("that are read-only replicas", async () => {
    const primary = await serverWith("--repl-diskless-sync-delay", "0");
    const replica = await serverWith("--replicaof", "127.0.0.1", String(primary.options.port));
    const state = (): Promise<string> => replica.info("replication");
    await expect.poll(state, { timeout: 30_000 }).toMatch(/master_link_status:up/);
    await says(
      ask(open(replica)),
      "STORE_UNAVAILABLE",
      /\(READONLY [^.]*\); connect to the primary/,
    );
  });
});

describe("rows", () => {
  test.each([
    ["another type", () => client.lpush("alien:a:{k}", "1")],
    ["another text", () => client.set("alien:a:{k}", "hello")],
    ["a text cut short", () => client.set("alien:a:{k}", "\u0002\u0000")],
    ["a window cut short", () => client.set("alien:a:{k}", "\u0004\u0000")],
    [
      "a section cut short",
      () => client.set("alien:a:{k}", `\u0002${"\0".repeat(32)}\u0009\0\0\0\u0001\0\0\0`),
    ],
  ])("of %s", async (_, write) => {
    await client.del("alien:a:{k}");
    await write();
    const ledger = open(client, { prefix: "alien:", name: "a" });
    await says(ask(ledger), "STORE_CORRUPT", /"alien:a:\{k\}" in Redis was not written by this/);
  });

  test("of a long log that lost its key", async () => {
    const ledger = open(client, { prefix: "lost:", name: "l" });
    const long = plan(window(100, "1h"));
    const costs = Array.from({ length: 100 }, () => [1]);
    expect((await ask(ledger, { plan: long, costs })).admitted).toBe(100);
    const [body] = (await client.keys("lost:*")).filter((name) => name.endsWith("#1="));
    await client.del(body!);
    await says(ask(ledger, { plan: long }), "STORE_CORRUPT", /lost a part; delete it/);
  });
});

test("keys of any kind have budgets of their own, and are told again", async () => {
  const keys = [
    "k".repeat(10_000),
    "{a}",
    "}{",
    "{}",
    "a\0b",
    "a\0",
    "",
    "%",
    "#",
    "\u{1F40E}é",
    "\uD83D",
    "*?[x]",
  ];
  const ledger = open(client, { name: "any {kind}\0#" });
  for (const key of keys) expect((await ask(ledger, { key })).admitted).toBe(1);
  for (const key of keys) expect((await ask(ledger, { key })).admitted).toBe(0);
  expect((await ledger.keys()).toSorted()).toEqual(keys.toSorted());
  await ledger.amend([{ kind: "reset", key: undefined }]);
  for (const key of keys) expect((await ask(ledger, { key })).admitted).toBe(1);
});
