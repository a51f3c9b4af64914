// The servers that the other tests of this project use are there.
import { Redis } from "ioredis";
import { connect } from "node:net";
import { once } from "node:events";
import { expect, inject, test } from "vitest";

test("a single Redis", async () => {
  const client = new Redis(inject("redisUrl"));
  expect(await client.ping()).toBe("PONG");
  client.disconnect();
});

test("a Cluster of three", async () => {
  for (const port of inject("redisClusterPorts")) {
    const client = new Redis(port, "127.0.0.1");
    expect(await client.cluster("INFO")).toContain("cluster_slots_ok:16384");
    client.disconnect();
  }
});

test("a PostgreSQL that answers", async () => {
  const { hostname, port } = new URL(inject("postgresUrl"));
  const socket = connect(Number(port), hostname);
  // A request for encryption, which every server answers with one letter.
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(["S", "N"]).toContain(answer.toString());
  socket.destroy();
});
