import { expect, test } from "vitest";
import { parseStoreAddress } from "./store-address.ts";

test.each([
  ["redis://h", "redis", "redis://h", "redis://h"],
  ["REDISS://u:p@h:1/2", "redis", "REDISS://u:p@h:1/2", "REDISS://u:***@h:1/2"],
  ["redis://:p:@@h", "redis", "redis://:p:@@h", "redis://:***@h"],
  ["postgres://u@h/db", "postgres", "postgres://u@h/db", "postgres://u@h/db"],
  [
    "postgresql://h/db?password=p&x=1",
    "postgres",
    "postgresql://h/db?password=p&x=1",
    "postgresql://h/db?password=***&x=1",
  ],
  ["sqlite:l.db", "sqlite", "l.db", "sqlite:l.db"],
  ["sqlite://l.db", "sqlite", "l.db", "sqlite:l.db"],
  ["sqlite:///var/l.db", "sqlite", "/var/l.db", "sqlite:/var/l.db"],
  ["shared:/dev/shm/l", "shared", "/dev/shm/l", "shared:/dev/shm/l"],
])("%s", (text, kind, place, name) => {
  expect(parseStoreAddress(text)).toEqual({ kind, place, name });
});

test.each([
  "",
  "redis",
  "redis:h",
  "sqlite:",
  "shared://",
  "http://h",
  "mysql://u:pw@h",
  "postgres:/u:pw@h/db",
  "postgres:u:pw@h",
  "u:pw@h:1/db",
  ":pw@h",
  "redis://u:pw@h h",
  "redis://u:pw@h/x",
  "redis://u:pw@h/1/2",
  "rediss://h/-1?password=pw",
])("%j is none, and no password is shown", (text) => {
  const parse = () => parseStoreAddress(text);
  expect(parse).toThrow(expect.objectContaining({ code: "STORE_UNKNOWN" }));
  expect(parse).not.toThrow(/pw/);
});
