/*
 * Goal: a live request reaches its service at most once and never after its time; whoever asks again gets the same reply.
 * Method: what was seen is in the ledger before it is forwarded and is never forgotten, not even by a restored backup.
 * A request whose reply never came stays silent: its outcome is unknown and the terminal has to reverse it. Spec: pos/v1, 5.
 */
import { type Bytes, EMPTY, fromHex, utf8 } from "../../device/base/bytes.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, Randomness } from "../../device/base/ports.ts";
import { FRAME_DATA_BYTES_MAX, FRAMES_MAX, splitIntoFrames } from "../../device/codec/frames.ts";
import { canonicalize, canonicalText } from "./canonical.ts";
import type { Ledger } from "./ledger.ts";
import { parseRequestEnvelope, type RequestEnvelope } from "./messages.ts";
import type { TerminalRegistry } from "./registry.ts";
import type { Sealer } from "./sealing.ts";

/** Takes a request's plaintext; undefined means that no reply will ever come. Must call its back end before the first await. */
export type Service = (body: Bytes) => Promise<Bytes | undefined>;

export type RequestVerdict =
  | "forwarded"
  | "expired"
  | "repeated"
  | "silent"
  | "malformed"
  | "tid-of-another"
  | "unregistered"
  | "key-not-allowed"
  | "signature-wrong"
  | "body-wrong"
  | "request-changed";

export interface HeadEndOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly sealer: Sealer;
  readonly ledger: Ledger;
  readonly terminals: TerminalRegistry;
  readonly services: ReadonlyMap<string, Service>;
  /** Publishes the payloads of one reply on the reply topic of `tid`. */
  readonly reply: (tid: string, payloads: readonly Bytes[]) => void;
  readonly log: Log;
}

/** Largest payload of one message. Spec: pos/v1, 1. */
const PAYLOAD_MAX = 49_152;

export class HeadEnd {
  readonly #options: HeadEndOptions;

  constructor(options: HeadEndOptions) {
    this.#options = options;
  }

  /** Judges one whole request that came on the request topic of `topicTid`. Never throws on what came. */
  receive(topicTid: string, payload: Bytes): RequestVerdict {
    const { sealer, terminals, ledger } = this.#options;
    const request = parseRequestEnvelope(payload);
    if (request === undefined) return "malformed";
    if (request.tid !== topicTid) return "tid-of-another";
    const terminal = terminals.find(topicTid);
    if (terminal === undefined) return "unregistered";
    if (!terminal.kids.includes(request.sealed.kid)) return "key-not-allowed";
    const covered = canonicalize(request.signed);
    if (covered === undefined || !sealer.verify(terminal.publicKey, utf8(covered), request.sig)) return "signature-wrong";
    const seen = ledger.request(request.tid, request.reqId);
    if (seen !== undefined && seen.hash !== request.hash) return "request-changed";
    if (seen !== undefined && seen.reply === "") return "silent";
    if (seen !== undefined) {
      this.#send(request.tid, utf8(seen.reply));
      return "repeated";
    }
    return this.#first(request);
  }

  #first(request: RequestEnvelope): RequestVerdict {
    const { clock, services, ledger, sealer } = this.#options;
    const plain = sealer.open(request.sealed);
    if (plain === undefined || sealer.hash(plain) !== request.hash) return "body-wrong";
    const service = services.get(request.service);
    // An unknown service is answered like a late request: nobody saw it and nobody will.
    if (service === undefined || clock.wallMs() > request.notAfterMs) {
      this.#answer(request, "expired", EMPTY);
      return "expired";
    }
    ledger.setRequest(request.tid, request.reqId, { hash: request.hash, outcome: "forwarded", reply: "" });
    this.#forward(request, service, plain);
    return "forwarded";
  }

  #forward(request: RequestEnvelope, service: Service, plain: Bytes): void {
    service(plain).then(
      (body) => {
        if (body !== undefined) this.#answer(request, "answered", body);
      },
      // A service that broke is a service that never answered: the terminal learns nothing and reverses.
      (error: unknown) => this.#options.log.error("service-failed", { service: request.service, error: error instanceof Error ? error.name : "unknown" }),
    );
  }

  #answer(request: RequestEnvelope, outcome: "answered" | "expired", body: Bytes): void {
    const { sealer, ledger, clock } = this.#options;
    const sealed = sealer.seal(body, request.sealed.kid);
    if (sealed === undefined) return;
    const { tid, reqId } = request;
    const members = { v: 1, tid, reqId, outcome, hostTimeMs: clock.wallMs(), hash: sealer.hash(body), alg: sealed.alg, kid: sealed.kid };
    const reply = canonicalText({ ...members, iv: sealed.iv, body: sealed.body, sig: sealer.sign(members) });
    ledger.setRequest(tid, reqId, { hash: request.hash, outcome, reply });
    this.#send(tid, utf8(reply));
  }

  #send(tid: string, payload: Bytes): void {
    const { randomness, sealer, log } = this.#options;
    if (payload.length <= PAYLOAD_MAX) {
      this.#options.reply(tid, [payload]);
      return;
    }
    if (payload.length > FRAMES_MAX * FRAME_DATA_BYTES_MAX) {
      log.error("reply-too-large", { bytes: payload.length });
      return;
    }
    this.#options.reply(tid, splitIntoFrames(payload, randomness.bytes(16), fromHex(sealer.hash(payload))));
  }
}
