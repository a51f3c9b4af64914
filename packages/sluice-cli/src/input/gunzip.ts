/** Bytes as they are, or out of gzip when their first two say so. */

import { CliError } from "../cli-error.ts";
import { GzipMembers } from "./gzip-members.ts";

/** Bytes of compressed data at a time, so that what comes out, and what damage takes with it, is bounded. */
const PIECE = 16_384;

/**
 * Whether it is gzip is told by its bytes and not by its name: a server may have unpacked it on the
 * way. Several members are read as one. What comes before a damaged piece is still given out.
 *
 * @param name - What the input is called in messages.
 */
export async function* plainBytes(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  let start: Uint8Array = new Uint8Array();
  let gunzip: GzipMembers | undefined;
  let known = false;
  for await (const chunk of bytes) {
    if (!known) {
      start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
      if (start.length === 0 || (start.length === 1 && start[0] === 0x1f)) continue;
      known = true;
      if (isGzip(start)) gunzip = new GzipMembers();
    }
    const fresh = start.length > 0 ? start : chunk;
    start = new Uint8Array();
    if (!gunzip) {
      yield fresh;
      continue;
    }
    for (let at = 0; at < fresh.length; at += PIECE) {
      const failure = await gunzip.feed(fresh.subarray(at, at + PIECE));
      yield* gunzip.take();
      if (failure) throw damaged(failure, name);
    }
  }
  if (start.length > 0) yield start;
  if (gunzip && !gunzip.isWhole) throw cutOff(name);
}

function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

function damaged(error: Error, name: string): CliError {
  return new CliError(
    "INPUT_UNREADABLE",
    `${name} is not valid gzip from here on (${error.message}); all rows before that are done: get the file again and run the rest.`,
  );
}

function cutOff(name: string): CliError {
  return new CliError(
    "INPUT_CUT_OFF",
    `${name} is cut off in the middle of its gzip data; all rows before that are done: get the whole file and run the rest.`,
  );
}
