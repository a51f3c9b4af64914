/** What is used of Node's modules, where there are any: the core knows no types of Node's. */

export interface Fs {
  openSync(path: string, flags: string, mode?: number): number;
  closeSync(file: number): void;
  fstatSync(file: number): { readonly size: number; readonly dev: number; readonly ino: number };
  statSync(path: string): { readonly size: number; readonly dev: number; readonly ino: number };
  readSync(file: number, to: Uint8Array, at: number, length: number, from: number): number;
  writeSync(file: number, from: Uint8Array, at: number, length: number, to: number): number;
  fsyncSync(file: number): void;
  linkSync(path: string, to: string): void;
  unlinkSync(path: string): void;
  readFileSync(path: string, encoding: "utf8"): string;
  readlinkSync(path: string): string;
}

export interface Require {
  (name: string): unknown;
  resolve(name: string): string;
}

interface Modules {
  createRequire(from: string): Require;
}

interface Worker {
  terminate(): unknown;
  unref(): void;
}

export interface Threads {
  readonly Worker: new (code: string, options: object) => Worker;
}

interface Process {
  readonly pid: number;
  readonly version: string;
  readonly arch: string;
  readonly platform: string;
  getBuiltinModule?: (name: string) => unknown;
  once?: (event: "exit", listener: () => void) => unknown;
}

const process = (globalThis as unknown as { process?: Process }).process;

interface Host {
  readonly pid: number;
  /** The engine, for which atomicity is proved. */
  readonly engine: string;
  readonly platform: string | undefined;
  readonly fs: Fs | undefined;
  readonly modules: Modules | undefined;
  readonly threads: Threads | undefined;
  /** Calls when this thread ends by itself. */
  onExit(listener: () => void): void;
}

export const host: Host = {
  pid: process?.pid ?? 0,
  engine: `${process?.version} ${process?.arch}`,
  platform: process?.platform,
  fs: process?.getBuiltinModule?.("node:fs") as Fs | undefined,
  modules: process?.getBuiltinModule?.("node:module") as Modules | undefined,
  threads: process?.getBuiltinModule?.("node:worker_threads") as Threads | undefined,
  onExit: (listener) => void process?.once?.("exit", listener),
};

/** Names this boot of the host: its clock begins anew with each. */
export function bootHash(): number {
  let id = "";
  try {
    id = host.fs!.readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  } catch {
    // Where nothing names the boot, its clock is taken to go on.
  }
  return hashText(id);
}

/** A whole number below 2^45. */
export function hashText(text: string): number {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) % 2 ** 45;
  return hash;
}
