/** A Redis that speaks TLS alone, with a certificate that it signed itself, and one user. */

import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { installed } from "./installed.ts";
import { redisCommand } from "./redis.ts";
import { start } from "./server-process.ts";

const run = promisify(execFile);

export interface TlsRedis {
  readonly port: number;
  /** The file with the certificate. */
  readonly certificate: string;
}

export const PASSWORD = "s3cr3t-:@-pw";

/** The address of a database of it, for its user. */
export function addressOf({ port }: TlsRedis, database: string | number = ""): string {
  return `rediss://limits:${encodeURIComponent(PASSWORD)}@localhost:${port}/${database}`;
}

export async function startTlsRedis(
  folder: string,
  stops: (() => Promise<void>)[],
): Promise<TlsRedis> {
  const home = join(folder, "tls");
  await mkdir(home);
  const [certificate, key] = [join(home, "certificate.pem"), join(home, "key.pem")];
  const openssl = await installed({ names: ["openssl"], folders: [], debian: "openssl" });
  const making = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  await run(openssl, [...making, ...names, "-keyout", key, "-out", certificate]);
  const command = await redisCommand(folder, []);
  const tls = ["--port", "0", "--tls-port", String(command.port), "--tls-auth-clients", "no"];
  const files = ["--tls-cert-file", certificate, "--tls-key-file", key];
  const users = `--user limits on >${PASSWORD} ~* &* +@all --user default off`.split(" ");
  const args = [...command.args, ...tls, ...files, "--tls-ca-cert-file", certificate, ...users];
  await start({ ...command, args }, stops);
  return { port: command.port, certificate };
}
