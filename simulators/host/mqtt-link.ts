/*
 * The host's side of the transport over the mqtt package. It reconnects by itself, subscribes again on every connection (topic filters
 * with "+" reach the listener that asked for them) and keeps no queue: publishing while down fails at once.
 */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Bytes } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits, LinkMessage, LinkState, MessageLink } from "../../device/base/ports.ts";

export interface MqttLinkOptions {
  readonly clock: Clock;
  /** mqtt:// or mqtts:// */
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts of mutual TLS. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly reconnectMs?: number;
}

const PAYLOAD_MAX = 49_152;
const KEEPALIVE_S = 15;
const CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_RECONNECT_MS = 500;

/** Whether a topic falls under a filter with "+" levels and a closing "#". */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [at, level] of wanted.entries()) {
    if (level === "#") return at === wanted.length - 1;
    if (at >= levels.length || (level !== "+" && level !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}

class HostMqttLink implements MessageLink {
  readonly #clock: Clock;
  readonly #client: MqttClient;
  readonly #filters = new Map<string, ((message: LinkMessage) => void)[]>();
  readonly #listeners: ((state: LinkState) => void)[] = [];
  #state: LinkState = "down";

  constructor(options: MqttLinkOptions) {
    this.#clock = options.clock;
    this.#client = mqtt.connect(options.url, clientOptions(options));
    this.#client.on("connect", () => this.#connected());
    this.#client.on("close", () => this.#change("down"));
    // The client reports and retries by itself; without a listener Node would end the process.
    this.#client.on("error", () => undefined);
    this.#client.on("message", (topic, payload) => this.#deliver({ topic, payload: new Uint8Array(payload) }));
  }

  get state(): LinkState {
    return this.#state;
  }

  async publish(topic: string, payload: Bytes, options: Limits & { readonly qos: 0 | 1 }): Promise<void> {
    if (this.#state === "down") throw new Fault("link-down", "no connection to the broker", { effectUnknown: false });
    if (payload.length > PAYLOAD_MAX) throw new Fault("payload-too-large", `${payload.length} bytes`, { effectUnknown: false });
    const sent = this.#client.publishAsync(topic, Buffer.from(payload), { qos: options.qos }).catch((cause: unknown) => {
      throw new Fault("link-down", "the connection broke while publishing", { effectUnknown: true, cause });
    });
    await withDeadline(sent, { clock: this.#clock, what: "publish", effectUnknown: true, timeoutMs: options.timeoutMs, signal: options.signal });
  }

  subscribe(topic: string, listener: (message: LinkMessage) => void): void {
    const known = this.#filters.get(topic);
    if (known !== undefined) {
      known.push(listener);
      return;
    }
    this.#filters.set(topic, [listener]);
    if (this.#state === "up") this.#client.subscribe(topic, { qos: 0 });
  }

  onState(listener: (state: LinkState) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
    this.#change("down");
  }

  #connected(): void {
    for (const filter of this.#filters.keys()) this.#client.subscribe(filter, { qos: 0 });
    this.#change("up");
  }

  #change(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #deliver(message: LinkMessage): void {
    for (const [filter, listeners] of this.#filters) {
      if (!matchesFilter(filter, message.topic)) continue;
      for (const listener of listeners) listener(message);
    }
  }
}

function clientOptions(options: MqttLinkOptions): IClientOptions {
  const { username, password, tls } = options;
  return {
    clientId: options.clientId,
    clean: true,
    protocolVersion: 4,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: options.reconnectMs ?? DEFAULT_RECONNECT_MS,
    resubscribe: false,
    queueQoSZero: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { ...tls, rejectUnauthorized: true }),
  };
}

/** Opens the host's link; it is "down" until the broker has answered. */
export function openHostMqttLink(options: MqttLinkOptions): MessageLink {
  return new HostMqttLink(options);
}
