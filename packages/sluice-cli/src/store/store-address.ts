/** What `--store` may name: `redis://…`, `rediss://…`, `postgres://…`, `sqlite:file`, `shared:file`. */

import { CliError } from "../cli-error.ts";

export type StoreKind = "redis" | "postgres" | "sqlite" | "shared";

export interface StoreAddress {
  readonly kind: StoreKind;
  /** The URL of a server, or the path of a file. */
  readonly place: string;
  /** As it is called in messages: without a password. */
  readonly name: string;
}

const kinds: Readonly<Record<string, StoreKind>> = {
  redis: "redis",
  rediss: "redis",
  postgres: "postgres",
  postgresql: "postgres",
  sqlite: "sqlite",
  shared: "shared",
};

/** @throws `STORE_UNKNOWN` */
export function parseStoreAddress(text: string): StoreAddress {
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/is.exec(text) ?? [];
  const kind = kinds[scheme.toLowerCase()];
  if (kind === "sqlite" || kind === "shared") {
    const place = rest.replace(/^\/\//, "");
    if (place !== "") return { kind, place, name: `${kind}:${place}` };
  } else if (kind && rest.startsWith("//") && URL.canParse(text)) {
    const name = withoutPassword(text);
    if (kind === "redis") checkDatabase(text, name);
    return { kind, place: text, name };
  }
  throw new CliError(
    "STORE_UNKNOWN",
    `a store is redis://host, rediss://host, postgres://host/database, sqlite:file or shared:file; got ${JSON.stringify(withoutPassword(text))}.`,
  );
}

/** Clients do as they like with anything else. */
function checkDatabase(text: string, name: string): void {
  const { pathname } = new URL(text);
  if (/^\/?\d*$/.test(pathname)) return;
  throw new CliError(
    "STORE_UNKNOWN",
    `the databases of a Redis are numbers, as in redis://host/3; got ${JSON.stringify(name)}.`,
  );
}

/** Also where a text is no URL, for it may be one with a mistake in it. */
function withoutPassword(text: string): string {
  const [scheme = ""] = /^[a-z]+:\/+/i.exec(text) ?? [];
  const rest = text.slice(scheme.length).replace(/^([^:@]*):.*@/s, "$1:***@");
  return (scheme + rest).replace(/([?&]\w*pass\w*=)[^&]*/gi, "$1***");
}
