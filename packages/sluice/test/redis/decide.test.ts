// The committed module is what the fragments say; `-u` writes it anew.
import { expect, test } from "vitest";
import { joinLua } from "./join-lua.ts";

test("the joined scripts are up to date", async () => {
  await expect(joinLua()).toMatchFileSnapshot("../../src/stores/redis/decide.lua.ts");
});
