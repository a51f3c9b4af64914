/** Finds a server program, or installs it from the system's packages where that is allowed. */

import { execFile } from "node:child_process";
import { access, constants, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A program, and where it comes from. */
export interface Wanted {
  /** Its names, the best first. */
  readonly names: readonly string[];
  /** Further folders besides those of PATH, the best first. */
  readonly folders: readonly string[];
  /** The package of Debian that has it. */
  readonly debian: string;
  /** What names a server that the tests connect to instead, if anything does. */
  readonly variable?: string;
}

/** The path of the program. */
export async function installed(wanted: Wanted): Promise<string> {
  const found = await find(wanted);
  if (found !== undefined) return found;
  const why = await install(wanted.debian);
  const now = await find(wanted);
  if (now !== undefined) return now;
  const { names, debian, variable } = wanted;
  const other = variable === undefined ? "" : `, or set ${variable} to a server of yours`;
  throw new Error(
    `the tests need ${names.join(" or ")}: install it (apt-get install ${debian})${other} (${why}).`,
  );
}

async function find({ names, folders }: Wanted): Promise<string | undefined> {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...folders, ...path, "/usr/local/bin", "/usr/bin"]) {
    for (const name of names) {
      const file = join(folder, name);
      const isThere = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return file;
    }
  }
  return undefined;
}

/** Others may be installing at the same time: then it is tried again. */
const TRIES = 4;

/** Installs a package; says why not when it may or can not. */
async function install(name: string): Promise<string> {
  if (process.getuid?.() !== 0) return "not installed here: only root may";
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const wait = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold"];
  let why = "";
  for (let left = TRIES; left > 0; left--) {
    try {
      await run("apt-get", [...wait, "update"], { env });
      await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", name], { env });
      return "apt-get installed the package, without the program";
    } catch (error) {
      why = `apt-get failed: ${String(error).split("\n")[0]}`;
      await delay(5_000);
    }
  }
  return why;
}

/** The folders of PostgreSQL's versions on Debian, the newest first. */
export async function postgresFolders(): Promise<string[]> {
  const root = "/usr/lib/postgresql";
  const versions = await readdir(root).catch(() => []);
  return versions.sort((a, b) => Number(b) - Number(a)).map((each) => join(root, each, "bin"));
}
