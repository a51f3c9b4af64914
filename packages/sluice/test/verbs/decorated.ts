/** Methods with the decorators of TypeScript 5, as a user writes them. */

import type { Limiter } from "../../src/index.ts";

export interface Api {
  prefix: string;
  plain(path: string): Promise<string>;
  keyed(host: string, bytes: number): Promise<string>;
}

export function decoratedApi(limiter: Limiter<"5/1s">): Api {
  class Decorated implements Api {
    prefix = "/";

    @limiter.wrap
    async plain(path: string): Promise<string> {
      return this.prefix + path;
    }

    @limiter.wrap({ key: (host: string) => host, cost: (_: string, bytes: number) => bytes })
    async keyed(host: string, bytes: number): Promise<string> {
      return `${this.prefix}${host} ${bytes}`;
    }
  }
  return new Decorated();
}
