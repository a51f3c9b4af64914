/** The right to be the only job on a journal. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname } from "node:path";
import { CliError, systemReason } from "../cli-error.ts";

/** Who has a claim; all of it is in the name of an empty file, so that it is there at once or not. */
interface Claimant {
  readonly pid: number;
  /** When the process started, so that a later one with the same number is told apart. */
  readonly started: string;
  /** Where its number means something. */
  readonly host: string;
  /** Which start of that host. */
  readonly boot: string;
}

/**
 * Every claim is made before the others are looked at, so of two that come together at least one
 * sees the other. Claims of processes that are gone are removed, and that is safe at any time.
 *
 * @returns What gives the claim up.
 */
export function claim(journal: string, name: string): () => void {
  const own = thisProcess();
  const file = fileOf(journal, own);
  take(file, name);
  for (const other of others(journal, own)) {
    if (!isAlive(other, own)) {
      rmSync(fileOf(journal, other), { force: true });
      continue;
    }
    rmSync(file, { force: true });
    throw taken(name, other, own, basename(fileOf(journal, other)));
  }
  return () => rmSync(file, { force: true });
}

function take(file: string, name: string): void {
  try {
    writeFileSync(file, "", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new CliError(
        "JOB_RUNNING",
        `another job of this process is at work on ${name}; wait for it, or give this one an output of its own.`,
      );
    }
    throw new CliError(
      "JOURNAL_UNWRITABLE",
      `${name} cannot be written (${systemReason(error)}); give --journal a path in a folder that exists and may be written to.`,
    );
  }
}

function taken(name: string, other: Claimant, own: Claimant, file: string): CliError {
  return new CliError(
    "JOB_RUNNING",
    other.host === own.host
      ? `another job is at work on ${name} (process ${other.pid}); wait for it, or end it first.`
      : `another job is at work on ${name}, or was on another host (process ${other.pid} there); if it is gone, remove the file "${file}" beside the journal.`,
  );
}

function fileOf(journal: string, { pid, started, host, boot }: Claimant): string {
  return `${journal}.claim-${pid}-${started}-${host}-${boot}`;
}

function others(journal: string, own: Claimant): Claimant[] {
  const start = `${basename(journal)}.claim-`;
  const claimants: Claimant[] = [];
  for (const name of readdirSync(dirname(journal))) {
    if (!name.startsWith(start)) continue;
    const [pid, started, host, boot] = name.slice(start.length).split("-");
    if (!pid || !started || !host || !boot) continue;
    const other = { pid: Number(pid), started, host, boot };
    if (fileOf(journal, other) !== fileOf(journal, own)) claimants.push(other);
  }
  return claimants;
}

/** Of another host nothing is known, so its jobs count as alive. */
function isAlive(other: Claimant, own: Claimant): boolean {
  if (other.host !== own.host) return true;
  if (other.boot !== own.boot) return false;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return other.started === startOf(other.pid);
}

function thisProcess(): Claimant {
  return {
    pid: process.pid,
    started: startOf(process.pid),
    host: short(hostname() + read(() => readlinkSync("/proc/self/ns/pid"))),
    boot: short(read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))),
  };
}

/** Ticks from the start of the system, on Linux; elsewhere a number alone must do. */
function startOf(pid: number): string {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the name in brackets, which may have spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = ""] = fields;
  if (state === "Z" || state === "X") return "ended"; // killed, and not yet buried by its parent
  return fields[19] ?? "0";
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return "";
  }
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
