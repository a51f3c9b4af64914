// The committed module is what the fragments say; `-u` writes it anew.
import { expect, test } from "vitest";
import { joinSql } from "./join-sql.ts";

test("the joined functions are up to date", async () => {
  await expect(joinSql()).toMatchFileSnapshot("../../src/stores/postgres/decide.sql.ts");
});
