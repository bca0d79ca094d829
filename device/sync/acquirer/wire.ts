/*
 * Goal: one message over TCP or TLS whose sender knows whether a byte of it may have left.
 * Method: a fresh connection; length and message are written in one piece, and only when the connection stands and its other side is verified. The
 * first whole reply counts; whatever comes behind it is not read. A connection that is given up is reset, so that the system does not go on
 * delivering what was written when nobody waits for it any more. The only importer of net and tls in this folder. Spec: UnionPay terminal, frame.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { type Bytes, concat, EMPTY, u16be } from "../../base/bytes.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Way } from "../attempts.ts";
import type { AcquirerWire } from "./acquirer.ts";

const LENGTH_BYTES = 2;
/** Longest reply that is read; the dialect's own are shorter. */
const REPLY_BYTES_MAX = 8_192;

export interface AcquirerPlace {
  readonly host: string;
  readonly port: number;
  /** Left out: in the clear. PEM; without authorities those of the runtime are believed. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export function openAcquirerWire(place: AcquirerPlace): AcquirerWire {
  return { exchange: (body, way) => new Exchange(place).run(body, way) };
}

class Exchange {
  /** The connection itself. */
  readonly #line: Socket;
  /** What is spoken over: the connection, or TLS over it. */
  readonly #socket: Socket;
  readonly #stands: "connect" | "secureConnect";
  #received: Bytes = EMPTY;

  constructor({ host, port, tls }: AcquirerPlace) {
    this.#stands = tls === undefined ? "connect" : "secureConnect";
    const name = isIP(host) === 0 ? { servername: host } : {};
    this.#line = connect({ host, port });
    this.#socket =
      tls === undefined ? this.#line : connectSecure({ socket: this.#line, host, ...tls, ...name, rejectUnauthorized: true, minVersion: "TLSv1.2" });
  }

  run(body: Bytes, way: Way): Promise<Bytes> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const abort = () => fail(new Fault("cancelled", "exchange with the acquirer cancelled", { effectUnknown: true }));
      const over = () => {
        way.signal.removeEventListener("abort", abort);
        socket.destroy();
      };
      const fail = (fault: Fault) => {
        this.#reset();
        over();
        reject(fault);
      };
      for (const each of new Set([this.#line, socket])) each.on("error", (error) => fail(faultOf(error)));
      socket.once("close", () => fail(new Fault("link-down", "the acquirer closed before its reply was whole", { effectUnknown: true })));
      socket.once(this.#stands, () => {
        if (way.leaves()) socket.write(concat(u16be(body.length), body));
        else fail(new Fault("cancelled", "exchange with the acquirer given up before it left", { effectUnknown: false }));
      });
      socket.on("data", (bytes) => {
        const reply = this.#take(bytes);
        if (reply === "more") return;
        if (reply === "malformed") return fail(new Fault("host-answer-malformed", "the acquirer sent no message", { effectUnknown: true }));
        over();
        resolve(reply);
      });
      if (way.signal.aborted) abort();
      else way.signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** What is still on its way to the other side stays there: a message that arrives behind its reversal would be booked. */
  #reset(): void {
    if (!this.#line.connecting && !this.#line.destroyed) this.#line.resetAndDestroy();
    else this.#line.destroy();
  }

  #take(bytes: Bytes): Bytes | "more" | "malformed" {
    this.#received = concat(this.#received, bytes);
    const [high, low] = this.#received;
    if (high === undefined || low === undefined) return "more";
    const length = high * 256 + low;
    if (length === 0 || length > REPLY_BYTES_MAX) return "malformed";
    const end = LENGTH_BYTES + length;
    return this.#received.length < end ? "more" : this.#received.slice(LENGTH_BYTES, end);
  }
}

/** Node's own code of an error; those of a certificate that is not believed are many. */
function faultOf(error: Error): Fault {
  const code = "code" in error ? String(error.code) : "";
  return new Fault(codeOf(code), `acquirer's connection: ${code}`, { effectUnknown: true, cause: error });
}

function codeOf(code: string): FaultCode {
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code) ? "link-refused" : "link-down";
}
