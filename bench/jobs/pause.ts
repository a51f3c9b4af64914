/** A call that only waits, as most do; its result is when it began, in milliseconds. */
export default async function pause(): Promise<number> {
  const at = performance.timeOrigin + performance.now();
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
  return at;
}
