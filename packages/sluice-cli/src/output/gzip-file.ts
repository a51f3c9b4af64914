import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { AppendFile } from "./append-file.ts";
import type { TextTarget } from "./text-target.ts";

/** Characters: smaller members compress worse, larger ones hold more back. */
const MEMBER = 1_048_576;

/**
 * Writes whole members, each of which could stand alone. One ends at every flush, so the file can be
 * cut there and go on; readers take several members as one file.
 */
export class GzipFile implements TextTarget {
  readonly #file: AppendFile;
  #texts: string[] = [];
  #length = 0;
  /** The size of the file after all members so far. */
  #size: Promise<number>;

  constructor(file: AppendFile) {
    this.#file = file;
    this.#size = Promise.resolve(file.size);
  }

  /** Held until a member is full, or the next flush. */
  async write(text: string): Promise<void> {
    this.#texts.push(text);
    this.#length += text.length;
    if (this.#length >= MEMBER) await this.#endMember();
  }

  async flush(): Promise<number> {
    const size = await this.#endMember(); // there may be more members when the disk is through
    await this.#file.flush();
    return size;
  }

  async close(): Promise<void> {
    try {
      await this.#endMember();
    } finally {
      await this.#file.close();
    }
  }

  #endMember(): Promise<number> {
    if (this.#length === 0) return this.#size;
    const text = this.#texts.join("");
    this.#texts = [];
    this.#length = 0;
    const before = this.#size;
    this.#size = promisify(gzip)(text).then(async (member) => {
      await before;
      const written = this.#file.write(member);
      const { size } = this.#file;
      await written;
      return size;
    });
    this.#size.catch(() => {}); // whoever ends the next member is told
    return this.#size;
  }
}
