// Makes a checkout ready to run: installs what the lockfile says, builds what is stale; quick when
// both are fresh. Plain JavaScript without dependencies, for there may be none yet. Vitest calls
// `setup` too, so that what is tested from outside is always the built package.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const builtStamp = "node_modules/.built"; // its time: when the last good build began
const packages = ["packages/sluice", "packages/sluice-cli"];

export function setup() {
  if (!isInstalled()) run("Installing the pinned packages", "npm ci --include=dev");
  if (isBuilt()) return;
  const started = new Date();
  rmSync(join(root, builtStamp), { force: true });
  run("Building", "npm run build");
  removeOrphans();
  writeFileSync(join(root, builtStamp), "");
  utimesSync(join(root, builtStamp), started, started); // what was saved meanwhile counts as newer
}

function isInstalled() {
  // npm writes its own lockfile into node_modules when an install has succeeded; it may be a
  // moment older than the one in the repository, which the same install may have written.
  const slackMs = 5_000;
  return mtime("node_modules/.package-lock.json") + slackMs >= mtime("package-lock.json");
}

function isBuilt() {
  if (packages.some((folder) => !existsSync(join(root, folder, "dist")))) return false;
  const inputs = packages.flatMap((folder) => [
    `${folder}/tsconfig.json`,
    ...tree(`${folder}/src`),
  ]);
  return ["tsconfig.base.json", ...inputs].every((path) => mtime(path) < mtime(builtStamp));
}

/** A source that was renamed or deleted leaves its old output behind, which would be published. */
function removeOrphans() {
  for (const folder of packages) {
    for (const path of tree(`${folder}/dist`)) {
      const source = path.replace("/dist", "/src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
      if (!existsSync(join(root, source)))
        rmSync(join(root, path), { recursive: true, force: true });
    }
  }
}

/** A folder and everything below it; folders too, for their times tell of deleted files. */
function tree(folder) {
  const below = readdirSync(join(root, folder), { recursive: true });
  return [folder, ...below.map((name) => join(folder, name))];
}

function mtime(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(what, command) {
  console.error(`${what} (${command}) ...`);
  const { status, stdout, stderr, error } = spawnSync(command, {
    cwd: root,
    shell: true,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (status === 0) return;
  throw new Error(`${what} failed: ${command}\n${stdout}${stderr}${error?.message ?? ""}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setup();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
