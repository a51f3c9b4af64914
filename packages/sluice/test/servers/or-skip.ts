/** What is not to be had everywhere, and what needs it. */

/** The value; without it the test is skipped, and says why. */
export async function orSkip<T>(value: Promise<T>, skip: () => never): Promise<T> {
  try {
    return await value;
  } catch (error) {
    console.log(`not run, for it is not to be had here\n${String(error)}`);
    return skip();
  }
}
