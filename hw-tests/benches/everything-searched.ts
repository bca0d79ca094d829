/* Everything that a terminal holds, keeps and says, searched for PINs that were typed; shared by the searches of both kinds of PIN. */
import mqtt, { type MqttClient } from "mqtt";
import { type Found, formsOf, searchBytes, searchFolder, searchMemory } from "./pin-search.ts";
import type { WholeTerminal } from "./whole-terminal.ts";

/** Less memory than this is not a terminal. */
export const MEMORY_MIN_BYTES = 100_000_000;

export interface Network {
  readonly client: MqttClient;
  /** Topics and payloads in turn. */
  readonly heard: readonly Buffer[];
}

/** Everything that goes through the broker, as it goes. */
export function listen(url: string): Promise<Network> {
  const client = mqtt.connect(url, { clientId: "listener" });
  const heard: Buffer[] = [];
  client.on("message", (topic, payload) => heard.push(Buffer.from(topic), payload));
  return new Promise((resolve, reject) => {
    client.once("error", reject);
    client.once("connect", () => client.subscribe("#", () => resolve({ client, heard })));
  });
}

export interface Searched {
  readonly memory: readonly Found[];
  readonly kept: readonly Found[];
  readonly said: readonly Found[];
  readonly bytes: number;
}

/** Memory of its processes, its folder and log, and what went over the network, for any of these PINs. */
export function searchEverything(terminal: WholeTerminal, network: Network, pins: readonly string[]): Searched {
  const memory: Found[] = [];
  const kept: Found[] = [];
  const said: Found[] = [];
  let bytes = 0;
  for (const forms of pins.map(formsOf)) {
    for (const pid of terminal.processes()) {
      const part = searchMemory(pid, forms);
      memory.push(...part.found);
      bytes += part.bytes;
    }
    kept.push(...searchFolder(terminal.folder, forms).found, ...searchBytes("log", Buffer.from(terminal.log), forms));
    said.push(...network.heard.flatMap((message) => searchBytes("network", message, forms)));
  }
  return { memory, kept, said, bytes };
}

/** One line for whoever reads along. */
export function tellSearched(terminal: WholeTerminal, network: Network, { bytes }: Searched): void {
  process.stdout.write(`searched ${terminal.processes().length} processes, ${Math.round(bytes / 2e6)} MB, ${network.heard.length / 2} messages: nothing\n`);
}
