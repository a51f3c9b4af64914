/** Where text goes: a file, a file in gzip, or a stream that is not ours. */
export interface TextTarget {
  /** Resolves when there is room for more, rejects when it could not be written. */
  write(text: string): Promise<void>;
  /** Puts all of it on the disk, and resolves to the size of the file then. */
  flush(): Promise<number>;
  close(): Promise<void>;
}
