/*
 * Goal: a broker for whole worlds in one process, as forgetful as the real ones: its acknowledgement is no receipt.
 * Method: messages travel as sleeps of the given clock, so that under virtual time the same seed gives the same order. QoS 0 and 1, clean
 * sessions only: who is not connected gets nothing.
 */
import { assert } from "../../device/base/assert.ts";
import type { Bytes } from "../../device/base/bytes.ts";
import { readUint } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault, isFault } from "../../device/base/fault.ts";
import type { Clock, Limits, LinkMessage, LinkState, MessageLink, Randomness } from "../../device/base/ports.ts";
import { PAYLOAD_BYTES_MAX, TOPIC_LENGTH_MAX } from "../../device/codec/upload.ts";
import { type BrokerFaults, NO_FAULTS } from "./faults.ts";

const HOP_MS = 5;
const RECONNECT_MS = { least: 100, most: 2_000 } as const;

/** Whether a topic matches a subscription with the wildcards `+` and `#`. */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [at, part] of wanted.entries()) {
    if (part === "#") return true;
    const level = levels[at];
    if (level === undefined || (part !== "+" && part !== level)) return false;
  }
  return wanted.length === levels.length;
}

export interface SimulatedBrokerOptions {
  /** Whether a client may publish to a topic; everything is allowed when left out. */
  readonly allows?: (clientId: string, topic: string) => boolean;
}

export class SimulatedBroker {
  readonly clock: Clock;
  readonly #randomness: Randomness;
  readonly #allows: (clientId: string, topic: string) => boolean;
  readonly #links = new Map<string, SimulatedLink>();
  readonly #cut = new Set<string>();
  #faults: BrokerFaults = NO_FAULTS;
  #up = true;

  constructor(clock: Clock, randomness: Randomness, options: SimulatedBrokerOptions = {}) {
    this.clock = clock;
    this.#randomness = randomness;
    this.#allows = options.allows ?? (() => true);
  }

  /** Connects a client; one with the same identifier is put out, as in MQTT. */
  link(clientId: string): MessageLink {
    assert(clientId.length > 0 && clientId.length <= TOPIC_LENGTH_MAX, "a client identifier has 1 to 64 characters");
    this.#links.get(clientId)?.takeOver();
    const link = new SimulatedLink(this, clientId);
    this.#links.set(clientId, link);
    this.#comeBack(link);
    return link;
  }

  setFaults(faults: BrokerFaults): void {
    this.#faults = faults;
  }

  get faults(): BrokerFaults {
    return this.#faults;
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** The broker dies: all connections drop, what is under way is lost. */
  down(): void {
    this.#up = false;
    for (const link of this.#links.values()) link.drop();
  }

  /** The broker is there again; each client comes back after a while of its own. */
  up(): void {
    if (this.#up) return;
    this.#up = true;
    for (const link of this.#links.values()) this.#comeBack(link);
  }

  /** One client loses its network. */
  cut(clientId: string): void {
    this.#cut.add(clientId);
    this.#links.get(clientId)?.drop();
  }

  restore(clientId: string): void {
    this.#cut.delete(clientId);
    const link = this.#links.get(clientId);
    if (link !== undefined) this.#comeBack(link);
  }

  /** For the links of this broker. */
  allows(clientId: string, topic: string): boolean {
    return this.#allows(clientId, topic);
  }

  /** For the links of this broker: hands a message to everybody who listens now. */
  route(message: LinkMessage, from: { readonly clientId: string; readonly qos: 0 | 1 }): void {
    for (const link of this.#links.values()) {
      if (!link.listensTo(message.topic)) continue;
      for (const delayMs of this.#faults.onDelivery({ topic: message.topic, from: from.clientId, qos: from.qos, to: link.clientId })) {
        void link.receive(message, HOP_MS + delayMs);
      }
    }
  }

  #comeBack(link: SimulatedLink): void {
    const { least, most } = RECONNECT_MS;
    const delayMs = least + Math.floor((readUint(this.#randomness.bytes(4), 0, 4) / 0x1_0000_0000) * (most - least));
    void link.connectAfter(delayMs, () => this.#up && !this.#cut.has(link.clientId));
  }
}

class SimulatedLink implements MessageLink {
  readonly clientId: string;
  readonly #broker: SimulatedBroker;
  readonly #subscriptions: { readonly filter: string; readonly listener: (message: LinkMessage) => void }[] = [];
  readonly #stateListeners: ((state: LinkState) => void)[] = [];
  #state: LinkState = "down";
  /** Counts connections: what began on an earlier one is lost. */
  #connection = 0;
  #connecting = new AbortController();
  #underWay = new Set<(fault: Fault) => void>();
  #closed = false;

  constructor(broker: SimulatedBroker, clientId: string) {
    this.#broker = broker;
    this.clientId = clientId;
  }

  get state(): LinkState {
    return this.#state;
  }

  onState(listener: (state: LinkState) => void): void {
    this.#stateListeners.push(listener);
  }

  subscribe(topic: string, listener: (message: LinkMessage) => void): void {
    assert(topic.length <= TOPIC_LENGTH_MAX, "a topic has at most 64 characters");
    this.#subscriptions.push({ filter: topic, listener });
  }

  async publish(topic: string, payload: Bytes, options: Limits & { readonly qos: 0 | 1 }): Promise<void> {
    assert(topic.length <= TOPIC_LENGTH_MAX, "a topic has at most 64 characters");
    if (payload.length > PAYLOAD_BYTES_MAX) throw new Fault("payload-too-large", `payload of ${payload.length} bytes`, { effectUnknown: false });
    if (this.#state !== "up") throw new Fault("link-down", "not connected", { effectUnknown: false });
    if (!this.#broker.allows(this.clientId, topic)) throw new Fault("link-not-allowed", "the broker does not allow this topic", { effectUnknown: false });
    const taken = Promise.withResolvers<void>();
    this.#underWay.add(taken.reject);
    void this.#carry({ topic, payload: Uint8Array.from(payload) }, options.qos).then((acknowledged) => {
      // Not acknowledged: the publisher waits for its own deadline, or for the end of the connection.
      if (acknowledged) taken.resolve();
    });
    try {
      await withDeadline(taken.promise, { ...options, clock: this.#broker.clock, what: "publish", effectUnknown: true });
    } finally {
      this.#underWay.delete(taken.reject);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#connecting.abort();
    this.drop();
    return Promise.resolve();
  }

  /** Another client took this identifier: nothing comes here any more. */
  takeOver(): void {
    void this.close();
  }

  drop(): void {
    this.#connecting.abort();
    this.#connection += 1;
    const lost = [...this.#underWay];
    this.#underWay.clear();
    for (const reject of lost) reject(new Fault("link-down", "the connection was lost while a message was under way", { effectUnknown: true }));
    this.#tell("down");
  }

  async connectAfter(delayMs: number, possible: () => boolean): Promise<void> {
    this.#connecting.abort();
    const connecting = new AbortController();
    this.#connecting = connecting;
    try {
      await this.#broker.clock.sleep(delayMs, connecting.signal);
    } catch (error) {
      if (isFault(error, "cancelled")) return;
      throw error;
    }
    if (!this.#closed && possible()) this.#tell("up");
  }

  listensTo(topic: string): boolean {
    return this.#state === "up" && this.#subscriptions.some(({ filter }) => topicMatches(filter, topic));
  }

  async receive(message: LinkMessage, delayMs: number): Promise<void> {
    const connection = this.#connection;
    await this.#broker.clock.sleep(delayMs);
    if (connection !== this.#connection || this.#state !== "up") return;
    for (const { filter, listener } of this.#subscriptions) {
      if (topicMatches(filter, message.topic)) listener(message);
    }
  }

  /** Brings a message to the broker and its acknowledgement back; false when no acknowledgement will come. */
  async #carry(message: LinkMessage, qos: 0 | 1): Promise<boolean> {
    const { clock, faults } = this.#broker;
    const connection = this.#connection;
    const verdict = faults.onPublish({ topic: message.topic, from: this.clientId, qos });
    // QoS 0 is done when it has left; what becomes of it nobody says.
    const travel = clock.sleep(HOP_MS).then(() => {
      if (verdict === "deliver" && connection === this.#connection && this.#broker.isUp) this.#broker.route(message, { clientId: this.clientId, qos });
    });
    if (qos === 0) return true;
    await travel;
    await clock.sleep(HOP_MS);
    return verdict !== "lose" && connection === this.#connection;
  }

  #tell(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}
