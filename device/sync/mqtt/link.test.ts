import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { systemClock } from "../../system/clock.ts";
import { systemRandomness } from "../../system/randomness.ts";
import { openMqttLink } from "./link.ts";

/** MQTT 3.1.1: the connection is accepted. */
const ACCEPTED = Uint8Array.of(0x20, 0x02, 0x00, 0x00);
const CLOSE_MS = 3_000;

const sockets: Socket[] = [];

/** A broker that takes the connection and then says nothing any more, and does not let go: a cable that was pulled. */
async function silentBroker() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(ACCEPTED));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

describe("a link whose network is dead", () => {
  it("is closed within a bound and leaves nothing that keeps the process alive, although a message was never acknowledged", async () => {
    const server = await silentBroker();
    const { port } = server.address() as AddressInfo;
    const before = openSockets();
    const clock = systemClock();
    const link = openMqttLink({ host: "127.0.0.1", port, clientId: "t", protocol: "3.1.1", clock, randomness: systemRandomness(), log: SILENT });
    await new Promise<void>((resolve) => {
      link.onState((state) => {
        if (state === "up") resolve();
      });
    });
    const lost = link.publish("pos/v1/t/up/hb", utf8("x"), { qos: 1, timeoutMs: CLOSE_MS, signal: new AbortController().signal }).catch(() => undefined);
    const beganMs = clock.monotonicMs();
    await link.close();
    expect(clock.monotonicMs() - beganMs).toBeLessThan(CLOSE_MS);
    await lost;
    // The far end alone is left.
    await expect.poll(() => openSockets() - before, { timeout: CLOSE_MS }).toBe(1);
    server.close();
  });
});
