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
    return { kind, place: text, name: withoutPassword(text) };
  }
  throw new CliError(
    "STORE_UNKNOWN",
    `a store is redis://host, rediss://host, postgres://host/database, sqlite:file or shared:file; got ${JSON.stringify(withoutPassword(text))}.`,
  );
}

/** Also where a text is no URL, for it may be one with a mistake in it. */
function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^/@]*?):.*@/s, "$1:***@").replace(/([?&]password=)[^&]*/gi, "$1***");
}
