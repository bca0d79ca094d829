/*
 * Goal: a live request is answered, or surely never reached the host, or is unknown; nothing in between.
 * Method: "not sent" is said only while nothing has left, or when the head-end itself has promised it. The request carries the host time after
 * which nobody may act on it; it is sent again under the same number while time is left, because the head-end forwards a number once.
 */
import type { Bytes } from "../../base/bytes.ts";
import { toHex } from "../../base/bytes.ts";
import { effectUnknown, Fault, type FaultCode, isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import { type GiveBack, Turns } from "../../base/turns.ts";
import { FrameAssembler, parseFrame } from "../../codec/frames.ts";
import { FRAMED_BYTES_MAX, type LiveReply } from "../../codec/upload.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { HostReply } from "../../txn/hosts.ts";
import type { HostTime } from "../host-time.ts";
import type { Publisher } from "../publisher.ts";
import { IV_BYTES } from "../sealing.ts";
import { buildRequest, type LiveKeys, readReply } from "./message.ts";

/** Requests under way at once. */
export const LIVE_REQUESTS_MAX = 16;
/** Requests that wait for one of these to end: more counters than stand at one terminal. */
export const LIVE_WAITING_MAX = 128;

/** Time that one frame of a large request is given. */
const FRAME_MS = 500;

export interface LiveParts {
  readonly terminalId: string;
  readonly keys: LiveKeys;
  readonly suite: CipherSuite;
  readonly publisher: Publisher;
  readonly topic: string;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly hostTime: HostTime;
  readonly hostPresent: () => boolean;
  /** A message that the host has signed arrived. */
  readonly onHeard: (hostTimeMs: number) => void;
  readonly log: Log;
  /** A request without reply is sent again after this time. */
  readonly resendMs: number;
}

/** Services behind the head-end: the medical insurer, the bank's acquirer, the agency of human resources and social security. */
export type LiveService = "fsi" | "acquirer" | "agency";

interface ServiceRequest {
  readonly service: LiveService;
  readonly body: Bytes;
}

interface Pending {
  readonly settle: (reply: HostReply) => void;
  /** Something of the request may have left. */
  sent: boolean;
  malformed: boolean;
}

const notSent = (reason: FaultCode | "expired"): HostReply => ({ kind: "not-sent", reason });

export class LiveRequests {
  readonly #parts: LiveParts;
  readonly #pending = new Map<string, Pending>();
  readonly #frames: FrameAssembler;
  readonly #turns: Turns;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.clock, { atOnce: LIVE_REQUESTS_MAX, waiting: LIVE_WAITING_MAX });
    this.#frames = new FrameAssembler((payload) => parts.suite.sm3(payload));
  }

  /** Somebody waits for a reply. */
  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** The service of this name behind the head-end. Spec: pos/v1, 5. */
  service(name: LiveService): { exchange(body: Bytes, limits: Limits): Promise<HostReply> } {
    return { exchange: (body, limits) => this.#exchange({ service: name, body }, limits) };
  }

  /** Time spent waiting for a turn is the request's own: nothing of it has left until then. */
  async #exchange(request: ServiceRequest, limits: Limits): Promise<HostReply> {
    const { clock } = this.#parts;
    const untilMs = clock.monotonicMs() + limits.timeoutMs;
    const giveBack = this.#turns.takeNow();
    if (giveBack !== undefined) return this.#begin(request, { ...limits, untilMs, giveBack });
    const turn = await this.#turns.take(limits);
    if (turn.kind === "none") return notSent(turn.reason);
    const timeoutMs = untilMs - clock.monotonicMs();
    if (timeoutMs > 0) return this.#begin(request, { signal: limits.signal, timeoutMs, untilMs, giveBack: turn.giveBack });
    // Its time was over in the moment in which its turn came: nothing has left.
    turn.giveBack();
    return notSent("timeout");
  }

  async #begin(request: ServiceRequest, turn: Limits & { readonly untilMs: number; readonly giveBack: GiveBack }): Promise<HostReply> {
    const { hostTime, hostPresent } = this.#parts;
    const { signal, timeoutMs, untilMs } = turn;
    try {
      const hostNowMs = hostTime.nowMs();
      if (signal.aborted) return notSent("cancelled");
      if (hostNowMs === undefined || !hostPresent()) return notSent("host-absent");
      const messages = this.#build(request, hostNowMs + Math.floor(timeoutMs));
      if (messages === undefined) return notSent("payload-too-large");
      return await new Promise<HostReply>((resolve) => this.#run({ ...messages, untilMs, signal }, resolve));
    } finally {
      turn.giveBack();
    }
  }

  /** Takes a message from the reply topic. */
  receive(payload: Bytes): void {
    const { suite, keys, terminalId, log, clock, onHeard } = this.#parts;
    const whole = this.#whole(payload, clock.monotonicMs());
    if (whole === undefined) return;
    const read = readReply(suite, keys, { tid: terminalId, payload: whole });
    if (!read.ok) {
      log.warn("live-reply-refused", { reason: read.reason });
      if (read.hostHeard) for (const pending of this.#pending.values()) pending.malformed = true;
      return;
    }
    onHeard(read.reply.hostTimeMs);
    this.#answer(read.reply, read.plain);
  }

  /** Ends every request that is under way. */
  stop(): void {
    this.#turns.close();
    for (const pending of this.#pending.values()) pending.settle(pending.sent ? { kind: "unknown", reason: "closed" } : notSent("closed"));
  }

  #answer(reply: LiveReply, plain: Bytes): void {
    const pending = this.#pending.get(reply.reqId);
    // A reply that comes after its deadline, or a second time, finds nobody waiting.
    if (pending === undefined) return;
    pending.settle(reply.outcome === "answered" ? { kind: "answered", body: plain } : notSent("expired"));
  }

  #build({ service, body }: ServiceRequest, notAfterMs: number): { readonly reqId: string; readonly messages: readonly Bytes[] } | undefined {
    const { suite, keys, randomness, terminalId, publisher } = this.#parts;
    // Base64 and padding make a third more; the envelope fits the rest.
    if (body.length > FRAMED_BYTES_MAX / 2) return undefined;
    const reqId = toHex(randomness.bytes(16));
    const payload = buildRequest(suite, keys, { request: { tid: terminalId, reqId, service, notAfterMs }, iv: randomness.bytes(IV_BYTES), plain: body });
    return { reqId, messages: publisher.prepare(payload) };
  }

  #whole(payload: Bytes, nowMs: number): Bytes | undefined {
    const parsed = parseFrame(payload);
    if (!parsed.ok) {
      this.#parts.log.warn("live-reply-refused", { reason: parsed.reason });
      return undefined;
    }
    if (parsed.message === undefined) return payload;
    const outcome = this.#frames.add(parsed.message, nowMs);
    if (outcome.kind === "wrong") this.#parts.log.warn("live-reply-refused", { reason: outcome.reason });
    return outcome.kind === "whole" ? outcome.payload : undefined;
  }

  #run(
    request: { readonly reqId: string; readonly messages: readonly Bytes[]; readonly untilMs: number; readonly signal: AbortSignal },
    resolve: (reply: HostReply) => void,
  ): void {
    const over = new AbortController();
    const abort = () => pending.settle(pending.sent ? { kind: "unknown", reason: "cancelled" } : notSent("cancelled"));
    const pending: Pending = {
      sent: false,
      malformed: false,
      settle: (reply) => {
        if (over.signal.aborted) return;
        over.abort();
        request.signal.removeEventListener("abort", abort);
        this.#pending.delete(request.reqId);
        resolve(reply);
      },
    };
    this.#pending.set(request.reqId, pending);
    request.signal.addEventListener("abort", abort, { once: true });
    void this.#deliver(request, pending, over.signal);
  }

  /** Sends until an answer or the deadline ends it. */
  async #deliver(request: { readonly messages: readonly Bytes[]; readonly untilMs: number }, pending: Pending, signal: AbortSignal): Promise<void> {
    const { clock, resendMs } = this.#parts;
    const leftMs = () => Math.max(0, Math.ceil(request.untilMs - clock.monotonicMs()));
    // A message that the broker neither takes nor refuses must not use up the time for the next attempt.
    const attemptMs = Math.max(resendMs, request.messages.length * FRAME_MS);
    try {
      while (leftMs() > 0) {
        await this.#sendOnce(request.messages, pending, { timeoutMs: Math.min(attemptMs, leftMs()), signal });
        await clock.sleep(Math.min(resendMs, leftMs()), signal);
      }
    } catch (error) {
      if (!isFault(error)) throw error;
      // Aborted means that somebody has settled it; else the very first sending failed for certain.
      if (!signal.aborted) pending.settle(notSent(error.code));
      return;
    }
    pending.settle({ kind: "unknown", reason: pending.malformed ? "host-answer-malformed" : "timeout" });
  }

  /** Faults only when it is certain that nothing of this request can ever reach the host. */
  async #sendOnce(messages: readonly Bytes[], pending: Pending, limits: Limits): Promise<void> {
    const { publisher, topic, log } = this.#parts;
    const first = !pending.sent;
    try {
      await publisher.send(
        {
          topic,
          lane: "live",
          qos: 1,
          messages,
          onLeaving: () => {
            pending.sent = true;
          },
        },
        limits,
      );
    } catch (error) {
      if (!isFault(error)) throw error;
      log.warn("live-request-fault", { code: error.code });
      if (first && !effectUnknown(error)) {
        pending.sent = false;
        throw new Fault(error.code, "live request: nothing left", { effectUnknown: false, cause: error });
      }
    }
  }
}
