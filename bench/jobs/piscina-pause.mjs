/** The same as `pause.ts`, as piscina loads it. */
export default async function pause() {
  const at = performance.timeOrigin + performance.now();
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
  return at;
}
