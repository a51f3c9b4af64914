/** Acts in the background: what is given back there and fails lapses, or its lease ends. */
export function quietly(act: () => unknown): void {
  try {
    const done = act();
    if (done instanceof Promise) done.catch(() => undefined);
  } catch {
    return;
  }
}
