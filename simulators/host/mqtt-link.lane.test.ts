/* The host's link over the embedded broker and over mosquitto with mutual TLS: the same contract as every other transport. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { messageLinkContract } from "../../device/base/contract/message-link.ts";
import { type Mosquitto, startMosquitto } from "../broker/mosquitto.ts";
import { openEmbeddedBroker } from "./embedded-broker.ts";
import { openHostMqttLink } from "./mqtt-link.ts";
import { systemClock } from "./system.ts";

const TOPICS = { up: "pos/v1/T001/up/txn", down: "pos/v1/T001/dn/rcpt" };
const common = { clock: systemClock, run: <Value>(work: Promise<Value>) => work, ...TOPICS };

messageLinkContract("host link over the embedded broker", async () => {
  let broker = await openEmbeddedBroker();
  const { port, url } = broker;
  const linkOf = (clientId: string) => openHostMqttLink({ clock: systemClock, url, clientId, reconnectMs: 100 });
  const [terminal, host] = [linkOf("T001"), linkOf("host")];
  return {
    ...common,
    terminal,
    host,
    breakBroker: () => broker.close(),
    mendBroker: async () => {
      broker = await openEmbeddedBroker({ port });
    },
    close: async () => {
      await Promise.all([terminal.close(), host.close()]);
      await broker.close();
    },
  };
});

let mosquitto: Mosquitto;
beforeAll(async () => {
  mosquitto = await startMosquitto(["T001"]);
}, 60_000);
afterAll(async () => {
  await mosquitto.stop();
});

function tlsLinkOf(name: string) {
  const { caFile, certificateFile, keyFile } = mosquitto.certificateOf(name);
  const tls = { ca: readFileSync(caFile, "utf8"), cert: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  return openHostMqttLink({ clock: systemClock, url: `mqtts://${mosquitto.host}:${mosquitto.port}`, clientId: name, reconnectMs: 100, tls });
}

messageLinkContract("host link over mosquitto, mutual TLS", async () => {
  if (mosquitto.pid === undefined) await mosquitto.restart();
  const [terminal, host] = [tlsLinkOf("T001"), tlsLinkOf(mosquitto.hostName)];
  return {
    ...common,
    terminal,
    host,
    breakBroker: () => mosquitto.kill(),
    mendBroker: () => mosquitto.restart(),
    close: async () => {
      await Promise.all([terminal.close(), host.close()]);
    },
  };
});
