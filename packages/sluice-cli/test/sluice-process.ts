/** Runs the built command as a user would, in a folder of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const bin = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is gone after the test, with files in it. */
export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), "sluice-"));

  constructor(files: Record<string, string | Uint8Array> = {}) {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(this.path, name), content);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.path, name), content);
  }

  /** The results in a file, by the index of their row. */
  results(name = "out.jsonl"): unknown[] {
    return resultsIn(this.read(name));
  }

  /** Starts `sluice run` with these arguments. */
  start(...args: string[]): Running {
    return this.#start("run", ...args);
  }

  /** Runs `sluice` with these arguments to its end. */
  command(...args: string[]): Promise<Ended> {
    const running = this.#start(...args);
    running.child.stdin?.end();
    return running.ended;
  }

  /** Runs `sluice run` to its end. */
  run(args: string[], stdin: string | Uint8Array = ""): Promise<Ended> {
    const running = this.start(...args);
    running.child.stdin?.end(stdin);
    return running.ended;
  }

  #start(...args: string[]): Running {
    const child = spawn(process.execPath, [bin, ...args], { cwd: this.path });
    onTestFinished(() => void child.kill("SIGKILL"));
    return new Running(child);
  }
}

export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    child.stdin?.on("error", () => {}); // it may end before it has read all
    this.ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** What it has said on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until the text was said so many times, on either stream. */
  async says(text: string, times = 1): Promise<void> {
    const { stdout, stderr } = this.child;
    while ((this.#stdout + this.#stderr).split(text).length - 1 < times) {
      if (this.child.exitCode !== null) throw new Error(`ended without "${text}": ${this.#stderr}`);
      const heard = new AbortController();
      const { signal } = heard;
      await Promise.race([
        once(stdout!, "data", { signal }),
        once(stderr!, "data", { signal }),
        once(this.child, "exit", { signal }),
      ]);
      heard.abort();
    }
  }
}

export function resultsIn(text: string): unknown[] {
  const results: unknown[] = [];
  for (const line of text.split("\n").filter(Boolean)) {
    const { index, value, error } = JSON.parse(line) as Record<string, unknown> & { index: number };
    if (index in results) throw new Error(`row ${index} is there twice`);
    results[index] = error ?? value;
  }
  return results;
}
