/** Servers of a test's own, which it may end and start again. */

import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { installed } from "../../../sluice/test/servers/installed.ts";
import { freePort, start } from "../../../sluice/test/servers/server-process.ts";
import { onTestFinished } from "vitest";

/** A Redis that keeps nothing over its end. */
export class OwnRedis {
  readonly url: string;
  readonly #port: number;
  #stops: (() => Promise<void>)[] = [];

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<OwnRedis> {
    const server = new OwnRedis(await freePort());
    await server.start();
    onTestFinished(() => server.stop());
    return server;
  }

  async start(): Promise<void> {
    const file = await installed({
      names: ["redis-server", "valkey-server"],
      folders: [],
      debian: "redis-server",
      variable: "REDIS_URL",
    });
    const args = ["--port", `${this.#port}`, "--bind", "127.0.0.1", "--save", ""];
    await start({ file, args, port: this.#port, signal: "KILL" }, this.#stops);
  }

  /** By kill -9. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
  }
}

/** The way to a server, which can be cut. */
export class Way {
  readonly #to: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  private constructor(url: URL) {
    this.#to = { host: url.hostname, port: Number(url.port) };
  }

  /** @returns The way, and the same address by it. */
  static async to(address: string): Promise<{ way: Way; url: string }> {
    const url = new URL(address);
    const way = new Way(url);
    await way.open();
    onTestFinished(() => way.cut());
    url.hostname = "127.0.0.1";
    url.port = String(way.port);
    return { way, url: url.href };
  }

  async open(): Promise<void> {
    this.#server = createServer((socket) => {
      const onward = connect(this.#to);
      for (const each of [socket, onward]) {
        this.#sockets.add(each);
        each.on("error", () => {});
        each.on("close", () => this.#sockets.delete(each));
      }
      socket.pipe(onward).pipe(socket);
    }).listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as { port: number }).port;
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
