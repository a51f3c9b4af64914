import { once } from "node:events";
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { CommandError, commandJob } from "./command-job.ts";
import { findCommand } from "./find-command.ts";
import { runCommand } from "./run-command.ts";
import { runningGroups } from "./running-groups.ts";
import { shellQuote } from "./shell-quote.ts";

const calm = new AbortController().signal;
const node = process.execPath;

function run(code: string, { signal = calm, keep = 1_000 } = {}) {
  return runCommand([node, "-e", code], { signal, keep });
}

/** Whether a process is there and not a zombie that nobody waits for. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("the exit code and both outputs", async () => {
  const code = 'console.log("out ü"); console.error("err"); process.exitCode = 3';
  expect(await run(code)).toEqual({ exitCode: 3, stdout: "out ü\n", stderr: "err\n" });
});

test("more than is kept is read and dropped, and no character is cut in two", async () => {
  const code = 'process.stdout.write("ü".repeat(1e6)); process.stderr.write("fine")';
  expect(await run(code, { keep: 5 })).toEqual({
    exitCode: 0,
    stdout: "üü",
    stderr: "fine",
    cut: ["stdout"],
  });
});

test("a command that is ended by a signal", async () => {
  const result = await run('process.kill(process.pid, "SIGKILL")');
  expect(result).toEqual({ exitCode: null, signal: "SIGKILL", stdout: "", stderr: "" });
});

test("an abort ends the command and what it started, and leaves nothing behind", async () => {
  const controller = new AbortController();
  const inner = "setInterval(() => {}, 1000)";
  const outer = `const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
    require("node:fs").writeFileSync(process.env.SLUICE_TEST_PID, String(child.pid));
    ${inner}`;
  const { mkdtempSync, readFileSync, rmSync } = await import("node:fs");
  const folder = mkdtempSync("/tmp/sluice-exec-test-");
  const file = `${folder}/pid`;
  process.env["SLUICE_TEST_PID"] = file;
  const running = run(outer, { signal: controller.signal });
  const ended = expect(running).rejects.toThrow("enough");
  let pid = 0;
  while (pid === 0) {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      pid = Number(readFileSync(file, "utf8"));
    } catch {}
  }
  expect(isAlive(pid)).toBe(true);
  expect(runningGroups.some((group) => group > 0)).toBe(true);
  controller.abort(new Error("enough"));
  await ended;
  expect(runningGroups.every((group) => group === 0)).toBe(true);
  rmSync(folder, { recursive: true });
  delete process.env["SLUICE_TEST_PID"];
});

test("a command that is not there, and a signal that came before", async () => {
  await expect(runCommand(["sluice-none"], { signal: calm, keep: 1 })).rejects.toMatchObject({
    code: "COMMAND_NOT_STARTED",
    message: expect.stringContaining('"sluice-none" cannot be started'),
  });
  const none = runCommand([node, "x".repeat(4e6)], { signal: calm, keep: 1 });
  await expect(none).rejects.toThrow("too long for an argument");
  await expect(run("", { signal: AbortSignal.abort(new Error("late")) })).rejects.toThrow("late");
});

test("a job records failures by their kind, unless they are asked for", async () => {
  const words = [node, "-e", "console.error('no such page'); process.exit({})"];
  const context = { index: 0, attempt: 1, signal: calm } as never;
  const strict = commandJob({ words, keep: 100, accept: [0] });
  const failed = await Promise.resolve(strict("22", context)).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(CommandError);
  expect(failed).toMatchObject({ code: "EXIT_22" });
  expect(String(failed)).toContain("ended with exit code 22: no such page");
  await expect(strict("0", context)).resolves.toMatchObject({ exitCode: 0 });
  await expect(strict("0 //\0", context)).rejects.toThrow("NUL");
  const lax = commandJob({ words, keep: 100, accept: "any" });
  await expect(lax("22", context)).resolves.toMatchObject({ exitCode: 22 });
});

test("a command is looked for before the job starts", async () => {
  const places = { cwd: "/", env: { PATH: "/nowhere:/bin:/usr/bin" } };
  expect(await findCommand("sh", places)).toMatch(/\/sh$/);
  await expect(findCommand("sluice-none", places)).rejects.toMatchObject({
    code: "COMMAND_NOT_FOUND",
  });
  await expect(findCommand("./etc/passwd", places)).rejects.toThrow("executable");
  await expect(findCommand("/tmp", places)).rejects.toThrow("executable");
});

test("what a shell reads back is what was meant", async () => {
  const words = ["a b", "it's", "$HOME", "", "plain-1.0/x", "\n;*"];
  const shell = spawn("sh", ["-c", `printf '%s\\0' ${shellQuote(words)}`]);
  let text = "";
  shell.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(shell, "close");
  expect(text.split("\0").slice(0, -1)).toEqual(words);
});
