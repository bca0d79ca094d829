/*
 * Goal: MessageLink over MQTT 3.1.1 or 5, with none of the client's habits that lose or pile up messages.
 * Method: every connection is a fresh client without reconnect, queue or store of its own; what was under way when it closed is unknown.
 * Reconnecting, time-outs and bounds are ours. The only importer of mqtt in device/.
 */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, LinkMessage, LinkState, MessageLink, Randomness } from "../../base/ports.ts";
import { PAYLOAD_BYTES_MAX, TOPIC_LENGTH_MAX } from "../../codec/upload.ts";
import { classifyFailure, errorCodeOf, type FailureClass, RECONNECT_WINDOW_MS, reconnectDelayMs, refusesVersion } from "./governor.ts";

/** Names of PEM files; read at every attempt, so that a renewed certificate needs no restart. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Name in the broker's certificate where it differs from the host. */
  readonly serverName?: string;
}

/** The same as PEM texts: credentials that no file of this terminal's holds. */
export interface TlsTexts {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface MqttLinkOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  /** "auto" begins with 5 and goes back to 3.1.1 when the broker refuses it. */
  readonly protocol: "3.1.1" | "5" | "auto";
  readonly tls?: TlsFiles | TlsTexts;
  readonly user?: { readonly name: string; readonly password: string };
  readonly keepaliveSeconds?: number;
  readonly connectTimeoutMs?: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

export interface MqttLink extends MessageLink {
  /** The host's word on over how long its fleet spreads reconnects. */
  setReconnectWindow(windowMs: number): void;
}

/** Publishes under way at once where the broker sets no bound. */
const IN_FLIGHT_MAX = 64;
const KEEPALIVE_SECONDS = 15;
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that held this long ends the count of failures. */
const STABLE_MS = 10_000;
const CLOSE_MS = 1_000;
const NOT_AUTHORIZED = 135;
const PACKET_TOO_LARGE = 149;

interface Ended {
  readonly failure: FailureClass;
  readonly code: number | string | undefined;
  readonly upForMs: number;
}

class MqttMessageLink implements MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #topics = new Map<string, ((message: LinkMessage) => void)[]>();
  readonly #stateListeners: ((state: LinkState) => void)[] = [];
  readonly #underWay = new Set<(fault: Fault) => void>();
  readonly #stop = new AbortController();
  #client: MqttClient | undefined;
  #state: LinkState = "down";
  #upSinceMs = 0;
  #inFlightMax = IN_FLIGHT_MAX;
  #windowMs: number = RECONNECT_WINDOW_MS.otherwise;
  #version: 4 | 5;

  constructor(options: MqttLinkOptions) {
    assert(options.clientId.length > 0 && options.clientId.length <= TOPIC_LENGTH_MAX, "a client identifier has 1 to 64 characters");
    this.#options = options;
    this.#version = options.protocol === "3.1.1" ? 4 : 5;
  }

  get state(): LinkState {
    return this.#state;
  }

  setReconnectWindow(windowMs: number): void {
    this.#windowMs = windowMs;
  }

  onState(listener: (state: LinkState) => void): void {
    this.#stateListeners.push(listener);
  }

  subscribe(topic: string, listener: (message: LinkMessage) => void): void {
    assert(topic.length <= TOPIC_LENGTH_MAX, "a topic has at most 64 characters");
    const listeners = this.#topics.get(topic);
    if (listeners !== undefined) {
      listeners.push(listener);
      return;
    }
    this.#topics.set(topic, [listener]);
    // A refusal comes up at the next connect, where all topics are asked for again.
    if (this.#state === "up") this.#client?.subscribe(topic, { qos: 0 }, () => undefined);
  }

  async publish(topic: string, payload: Bytes, options: Limits & { readonly qos: 0 | 1 }): Promise<void> {
    assert(topic.length <= TOPIC_LENGTH_MAX, "a topic has at most 64 characters");
    if (payload.length > PAYLOAD_BYTES_MAX) throw new Fault("payload-too-large", `payload of ${payload.length} bytes`, { effectUnknown: false });
    const client = this.#client;
    if (this.#state !== "up" || client === undefined || !client.connected) throw new Fault("link-down", "not connected", { effectUnknown: false });
    if (this.#underWay.size >= this.#inFlightMax) {
      // A broker that acknowledges nothing gives no place back either; a new connection does.
      client.end(true);
      throw new Fault("queue-full", "too many publishes under way", { effectUnknown: false });
    }
    await withDeadline(this.#publishOn(client, { topic, payload }, options.qos), {
      ...options,
      clock: this.#options.clock,
      what: "publish",
      effectUnknown: true,
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const client = this.#client;
    if (client === undefined) return;
    const ended = new Promise<void>((resolve) => client.end(false, {}, () => resolve()));
    await Promise.race([ended, this.#sleep(CLOSE_MS, undefined)]);
    // Where the network is dead it waits for answers that never come, hears no second word, and would keep the process alive.
    client.stream?.destroy();
    this.#down();
  }

  /** Connects again and again until closed. */
  async run(): Promise<void> {
    let failures = 0;
    let before: FailureClass = "network";
    while (!this.#stop.signal.aborted) {
      const { failure, code, upForMs } = await this.#connection();
      if (this.#stop.signal.aborted) return;
      if (this.#options.protocol === "auto" && refusesVersion(code) && this.#version === 5) {
        this.#version = 4;
        continue;
      }
      failures = upForMs >= STABLE_MS || failure !== before ? 0 : failures;
      before = failure;
      const delayMs = reconnectDelayMs({ failure, failures, windowMs: this.#windowMs }, this.#options.randomness);
      failures += 1;
      this.#options.log.warn("link-lost", { failure, code, failures, delayMs });
      await this.#sleep(delayMs, this.#stop.signal);
    }
  }

  #publishOn(client: MqttClient, message: LinkMessage, qos: 0 | 1): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = (fault: Fault) => reject(fault);
      this.#underWay.add(lost);
      client.publish(message.topic, Buffer.from(message.payload), { qos }, (error) => {
        this.#underWay.delete(lost);
        if (error === undefined || error === null) resolve();
        else reject(publishFault(errorCodeOf(error), error));
      });
    });
  }

  /** One connection from its attempt to its end. */
  async #connection(): Promise<Ended> {
    const { clock } = this.#options;
    let code: number | string | undefined;
    let client: MqttClient;
    try {
      client = connect(await this.#clientOptions());
    } catch (error) {
      // Unreadable certificate files, above all: for the broker we are nobody.
      return { failure: "refused", code: errorCodeOf(error), upForMs: 0 };
    }
    this.#client = client;
    this.#upSinceMs = clock.monotonicMs();
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.on("error", (error) => {
      code ??= errorCodeOf(error);
    });
    client.on("message", (topic, payload) => this.#deliver(topic, payload));
    client.on("connect", ({ properties }) => {
      this.#inFlightMax = Math.min(IN_FLIGHT_MAX, properties?.receiveMaximum ?? IN_FLIGHT_MAX);
      this.#subscribeAll(client, (refusal) => {
        code ??= refusal;
      });
    });
    if (this.#stop.signal.aborted) client.end(true);
    await closed;
    const upForMs = this.#state === "up" ? clock.monotonicMs() - this.#upSinceMs : 0;
    client.end(true);
    this.#down();
    return { failure: classifyFailure(code), code, upForMs };
  }

  /** The link is up when the subscriptions are made: an answer must find us listening. */
  #subscribeAll(client: MqttClient, onRefusal: (code: number | string) => void): void {
    const topics = [...this.#topics.keys()];
    const up = () => {
      if (this.#client !== client || !client.connected) return;
      this.#upSinceMs = this.#options.clock.monotonicMs();
      this.#tell("up");
    };
    if (topics.length === 0) {
      up();
      return;
    }
    client.subscribe(topics, { qos: 0 }, (error) => {
      if (error === undefined || error === null) {
        up();
        return;
      }
      onRefusal(errorCodeOf(error) ?? NOT_AUTHORIZED);
      client.end(true);
    });
  }

  async #clientOptions(): Promise<IClientOptions> {
    const { host, port, clientId, tls, user, keepaliveSeconds, connectTimeoutMs } = this.#options;
    return {
      host,
      port,
      clientId,
      protocol: tls === undefined ? "mqtt" : "mqtts",
      protocolVersion: this.#version,
      clean: true,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      keepalive: keepaliveSeconds ?? KEEPALIVE_SECONDS,
      connectTimeout: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      ...(user === undefined ? {} : { username: user.name, password: user.password }),
      ...(tls === undefined ? {} : await readTls(tls, host)),
    };
  }

  #deliver(topic: string, payload: Uint8Array): void {
    // Nothing of ours is that large; whoever sends it means no good.
    if (payload.length > PAYLOAD_BYTES_MAX) {
      this.#options.log.warn("message-too-large", { bytes: payload.length });
      return;
    }
    const listeners = this.#topics.get(topic) ?? [];
    for (const listener of listeners) listener({ topic, payload: new Uint8Array(payload) });
  }

  #down(): void {
    this.#client = undefined;
    const lost = [...this.#underWay];
    this.#underWay.clear();
    for (const tell of lost) tell(new Fault("link-down", "the connection was lost while a message was under way", { effectUnknown: true }));
    this.#tell("down");
  }

  #tell(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  async #sleep(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#options.clock.sleep(durationMs, signal);
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
  }
}

function publishFault(code: number | string | undefined, cause: unknown): Fault {
  if (code === NOT_AUTHORIZED) return new Fault("link-not-allowed", "the broker does not allow this topic", { effectUnknown: false, cause });
  if (code === PACKET_TOO_LARGE) return new Fault("payload-too-large", "the broker takes no message of this size", { effectUnknown: false, cause });
  return new Fault("link-down", "the message was not taken over", { effectUnknown: true, cause });
}

async function readTls(
  files: TlsFiles | TlsTexts,
  host: string,
): Promise<Pick<IClientOptions, "ca" | "cert" | "key" | "rejectUnauthorized"> & { readonly servername: string }> {
  if ("ca" in files)
    return { ca: Buffer.from(files.ca), cert: Buffer.from(files.certificate), key: Buffer.from(files.key), rejectUnauthorized: true, servername: host };
  const [ca, cert, key] = await Promise.all([readFile(files.caFile), readFile(files.certificateFile), readFile(files.keyFile)]);
  return { ca, cert, key, rejectUnauthorized: true, servername: files.serverName ?? host };
}

/**
 * The package keeps a few bytes for every length of message that it has ever sent, and each of them holds on to the whole pool that it was cut
 * from: with pools of the usual size a terminal would lose up to 128 MB over the years.
 */
const BUFFER_POOL_BYTES = 512;

/** Opens the link; it connects by itself from now on and reports its state. */
export function openMqttLink(options: MqttLinkOptions): MqttLink {
  Buffer.poolSize = BUFFER_POOL_BYTES;
  const link = new MqttMessageLink(options);
  void link.run();
  return link;
}
