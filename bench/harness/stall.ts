/** The longest time that the event loop did not come round: what other code would have waited. */

export interface StallWatch {
  /** Milliseconds; ends the watch. */
  stop(): number;
}

export function watchStalls(): StallWatch {
  let last = performance.now();
  let longest = 0;
  let watching = true;
  const look = (): void => {
    const now = performance.now();
    if (now - last > longest) longest = now - last;
    last = now;
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      watching = false;
      look();
      return longest;
    },
  };
}
