/** Assertions of its own, so that the suite runs under every test runner. */

export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [text(actual), text(expected)];
  check(got === wanted, `${what} must be ${wanted}; got ${got}.`);
}

/** Fails unless `f` fails with this code. */
export async function checkFails(f: () => unknown, code: string, what: string): Promise<void> {
  let failure: unknown;
  try {
    await f();
  } catch (error) {
    failure = error;
  }
  check(failure !== undefined, `${what} must fail with ${code}; it did not fail.`);
  checkEqual((failure as { code?: unknown }).code, code, `the code of ${what}`);
}

/** JSON that tells infinities, too. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "number" && !Number.isFinite(each) ? String(each) : each,
  );
}
