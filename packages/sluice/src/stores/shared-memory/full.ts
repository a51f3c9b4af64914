/** There is a bound to what is kept: what still counts is never thrown away for something new. */

import { KeysExhaustedError } from "../../errors.ts";

export function full(what: string): KeysExhaustedError {
  return new KeysExhaustedError(
    `the shared memory is full of what still counts, so there is no room for ${what}; make it larger (size), or forget() keys.`,
  );
}
