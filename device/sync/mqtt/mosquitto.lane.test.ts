/* The contract of MessageLink over real brokers: mosquitto with mutual TLS (MQTT 5 and 3.1.1) and the embedded aedes, and what only they can show. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Mosquitto, startMosquitto } from "../../../simulators/broker/mosquitto.ts";
import { openEmbeddedBroker } from "../../../simulators/host/embedded-broker.ts";
import { messageLinkContract } from "../../base/contract/message-link.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import { listeningLog } from "../testing.ts";
import { type MqttLink, type MqttLinkOptions, openMqttLink } from "./link.ts";

const TERMINAL = "T100001";

const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: async (durationMs, signal) => {
    try {
      await delay(durationMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      throw new Fault("cancelled", "sleep cancelled", { effectUnknown: false });
    }
  },
};
const randomness: Randomness = { bytes: (length) => new Uint8Array(randomBytes(length)) };

function linkTo(broker: { readonly port: number }, clientId: string, more: Partial<MqttLinkOptions>): MqttLink {
  const link = openMqttLink({
    host: "localhost",
    port: broker.port,
    clientId,
    protocol: "5",
    clock,
    randomness,
    log: listeningLog().log,
    keepaliveSeconds: 5,
    ...more,
  });
  // Tests do not wait for a fleet.
  link.setReconnectWindow(100);
  return link;
}

let mosquitto: Mosquitto;
beforeAll(async () => {
  mosquitto = await startMosquitto([TERMINAL, "T100002"]);
}, 60_000);
afterAll(async () => {
  await mosquitto.stop();
});

for (const protocol of ["5", "3.1.1"] as const) {
  messageLinkContract(`mosquitto, mutual TLS, MQTT ${protocol}`, async () => {
    if (mosquitto.pid === undefined) await mosquitto.restart();
    const terminal = linkTo(mosquitto, TERMINAL, { protocol, tls: mosquitto.certificateOf(TERMINAL) });
    const host = linkTo(mosquitto, mosquitto.hostName, { protocol, tls: mosquitto.certificateOf(mosquitto.hostName) });
    return {
      clock,
      terminal,
      host,
      up: `pos/v1/${TERMINAL}/up/txn`,
      down: `pos/v1/${TERMINAL}/dn/rcpt`,
      // An acknowledgement of 3.1.1 has no room for "not authorized": the broker drops the message and says yes.
      ...(protocol === "5" ? { forbidden: "pos/v1/T100002/up/txn" } : {}),
      breakBroker: () => mosquitto.kill(),
      mendBroker: () => mosquitto.restart(),
      run: (work) => work,
      close: async () => {
        await Promise.all([terminal.close(), host.close()]);
      },
    };
  });
}

messageLinkContract("aedes, in process, version found by asking", async () => {
  let broker = await openEmbeddedBroker();
  const { port } = broker;
  const terminal = linkTo(broker, TERMINAL, { host: "127.0.0.1", protocol: "auto" });
  const host = linkTo(broker, "host", { host: "127.0.0.1", protocol: "3.1.1" });
  return {
    clock,
    terminal,
    host,
    up: `pos/v1/${TERMINAL}/up/txn`,
    down: `pos/v1/${TERMINAL}/dn/rcpt`,
    breakBroker: () => broker.close(),
    mendBroker: async () => {
      broker = await openEmbeddedBroker({ port });
    },
    run: (work) => work,
    close: async () => {
      await Promise.all([terminal.close(), host.close()]);
      await broker.close().catch(() => undefined);
    },
  };
});

async function until(condition: () => boolean, waitMs = 15_000): Promise<void> {
  const endMs = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error("not reached");
    await delay(20);
  }
}

describe("MqttLink over mosquitto", () => {
  it("a certificate of another authority is refused and backs off for long", async () => {
    if (mosquitto.pid === undefined) await mosquitto.restart();
    const { log, events } = listeningLog();
    const delays: unknown[] = [];
    const link = linkTo(mosquitto, "stranger", {
      tls: { ...(await mosquitto.foreignCertificate()), caFile: mosquitto.certificateOf(TERMINAL).caFile },
      log: {
        ...log,
        warn: (event, fields) => {
          log.warn(event, fields);
          delays.push([fields?.["failure"], Number(fields?.["delayMs"]) >= 45_000]);
        },
      },
    });
    await until(() => events.includes("link-lost"));
    expect(link.state).toBe("down");
    expect(delays).toEqual([["refused", true]]);
    await link.close();
  }, 30_000);

  it("a broker whose certificate is not ours is refused by us", async () => {
    if (mosquitto.pid === undefined) await mosquitto.restart();
    const { log, events } = listeningLog();
    const link = linkTo(mosquitto, TERMINAL, {
      tls: { ...mosquitto.certificateOf(TERMINAL), caFile: (await mosquitto.foreignCertificate()).certificateFile },
      log,
    });
    await until(() => events.includes("link-lost"));
    expect(link.state).toBe("down");
    await link.close();
  }, 30_000);

  it("unreadable certificate files are named and never bring the process down", async () => {
    const { log, events } = listeningLog();
    const link = linkTo(mosquitto, TERMINAL, { tls: { caFile: "/nowhere/ca", certificateFile: "/nowhere/crt", keyFile: "/nowhere/key" }, log });
    await until(() => events.includes("link-lost"));
    await link.close();
    expect(link.state).toBe("down");
  });

  it("a half-open connection: the publish ends at its own deadline, the link goes down by keepalive, and comes back", async () => {
    if (mosquitto.pid === undefined) await mosquitto.restart();
    const link = linkTo(mosquitto, TERMINAL, { tls: mosquitto.certificateOf(TERMINAL), keepaliveSeconds: 1, connectTimeoutMs: 1_000 });
    await until(() => link.state === "up");
    mosquitto.freeze();
    try {
      const outcome = await link.publish(`pos/v1/${TERMINAL}/up/txn`, Uint8Array.of(1), { qos: 1, timeoutMs: 500, signal: new AbortController().signal }).then(
        () => "taken",
        (error: unknown) => (isFault(error) ? [error.code, error.effectUnknown] : error),
      );
      expect(outcome).toEqual(["timeout", true]);
      await until(() => link.state === "down");
    } finally {
      mosquitto.thaw();
    }
    await until(() => link.state === "up");
    await link.close();
  }, 60_000);

  it("closing while the broker is away ends at once", async () => {
    const link = linkTo({ port: 1 }, TERMINAL, {});
    await delay(100);
    const beforeMs = performance.now();
    await link.close();
    expect(performance.now() - beforeMs).toBeLessThan(1_500);
  });
});
