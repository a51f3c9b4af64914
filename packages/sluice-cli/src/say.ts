import type { Writable } from "node:stream";

/** Writes a text and waits until it is handed over; that nobody reads it is no failure. */
export function say(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write(text, () => resolve());
  });
}
