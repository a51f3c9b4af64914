/** A way to a server that can be cut off, slowed and led elsewhere, without the server's knowledge. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** How bytes pass, in each direction. */
export interface Way {
  /** Milliseconds that they take, and up to so many more. */
  readonly delay: number;
  readonly jitter: number;
  /** Bytes in a millisecond, or as many as come. */
  readonly throttle: number;
}

/** What is throttled passes after this, however much it is. */
const LONGEST_MS = 500;

export const OPEN_WAY: Way = { delay: 0, jitter: 0, throttle: Number.POSITIVE_INFINITY };

export class TcpProxy {
  /** Where new connections lead; that of another host when it has one. */
  target: { port: number; host: string };
  way: Way = OPEN_WAY;
  /** Nothing passes, and nobody is told. */
  #silent = false;
  /** Connections are refused. */
  #closed = false;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #resumes = new Set<() => void>();

  private constructor(target: { port: number; host: string }) {
    this.target = target;
    this.#server = createServer((client) => this.#lead(client));
  }

  /** Listens on a free port of this address. */
  static async to(port: number, host = "127.0.0.1", listen = "127.0.0.1"): Promise<TcpProxy> {
    const proxy = new TcpProxy({ port, host });
    proxy.#server.listen(0, listen);
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Breaks all connections, and refuses new ones until `mend`. */
  cut(): void {
    this.#closed = true;
    this.breakAll();
  }

  /** Breaks all connections: nobody has to know that the server went elsewhere. */
  breakAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Swallows everything until `mend`, as a network does that has lost its way. */
  silence(): void {
    this.#silent = true;
  }

  mend(): void {
    this.#closed = false;
    this.#silent = false;
    this.way = OPEN_WAY;
    for (const resume of this.#resumes) resume();
    this.#resumes.clear();
  }

  /** Comes back when no connection is left: the server has got all that its clients had sent. */
  async drained(): Promise<void> {
    while (this.#pairs.size > 0) await new Promise((done) => setTimeout(done, 5));
  }

  async stop(): Promise<void> {
    this.cut();
    this.mend();
    await new Promise((done) => this.#server.close(done));
  }

  #lead(client: Socket): void {
    if (this.#closed) {
      client.on("error", () => undefined).resetAndDestroy();
      return;
    }
    const server = connect(this.target.port, this.target.host);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
    }
    // What the client sent before it went is still passed on.
    server.on("close", () => {
      this.#pairs.delete(pair);
      client.destroy();
    });
    void this.#pass(client, server);
    void this.#pass(server, client);
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    let free = 0;
    let passed = Promise.resolve();
    try {
      for await (const bytes of from as AsyncIterable<Buffer>) {
        const { delay, jitter, throttle } = this.way;
        // The way is taken by one after the other; what is on it already delays nobody.
        const takes = Math.min(LONGEST_MS, bytes.length / throttle);
        free = Math.max(free, performance.now()) + takes;
        const due = free + delay + Math.random() * jitter;
        passed = passed.then(() => this.#deliver(bytes, to, due));
      }
      await passed;
      to.end();
    } catch {
      to.resetAndDestroy(); // the other side sees the same
    }
  }

  async #deliver(bytes: Buffer, to: Socket, due: number): Promise<void> {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (this.#silent) await new Promise<void>((resolve) => this.#resumes.add(resolve));
    if (!to.destroyed) to.write(bytes);
  }
}
