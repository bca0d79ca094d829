/*
 * Goal: one POST over HTTP or HTTPS whose sender knows whether a byte of it may have left.
 * Method: Node's own client without an agent: a fresh connection, no redirects, no repeats. The request is written in one piece, and only when
 * the connection stands and its other side is verified. The only importer of http and https in sync/.
 */
import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { TLSSocket } from "node:tls";
import { type Bytes, concat } from "../../base/bytes.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Way } from "../attempts.ts";
import type { GatewayWire, WireAnswer } from "./gateway.ts";

/** Longest reply that is read; the interface's own replies are shorter. */
const REPLY_BYTES_MAX = 1_048_576;
const HEADER_BYTES_MAX = 16_384;

export interface WireOptions {
  /** https, or http to a tunnel on this machine. */
  readonly url: string;
  readonly servicePath: string;
  /** PEM of the authorities that are believed; left out: those of the runtime. */
  readonly ca?: string;
}

export function openGatewayWire(options: WireOptions): GatewayWire {
  const url = new URL(options.servicePath, options.url);
  return { post: (request, way) => new Post(url, options.ca).run(request, way) };
}

class Post {
  readonly #url: URL;
  readonly #ca: string | undefined;

  constructor(url: URL, ca: string | undefined) {
    this.#url = url;
    this.#ca = ca;
  }

  run({ headers, body }: Parameters<GatewayWire["post"]>[0], way: Way): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      const client = this.#open({ ...headers, "content-length": String(body.length) });
      const abort = () => fail(new Fault("cancelled", "gateway request cancelled", { effectUnknown: true }));
      const over = () => {
        way.signal.removeEventListener("abort", abort);
        client.destroy();
      };
      const fail = (fault: Fault) => {
        over();
        reject(fault);
      };
      client.on("error", (error) => fail(faultOf(error)));
      client.once("upgrade", () => fail(malformed("an upgrade")));
      client.once("response", (response) => {
        readBody(response).then((answer) => {
          over();
          resolve(answer);
        }, fail);
      });
      client.once("socket", (socket) => {
        socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
          if (way.leaves()) client.end(body);
          else fail(new Fault("cancelled", "gateway request given up before it left", { effectUnknown: false }));
        });
      });
      if (way.signal.aborted) abort();
      else way.signal.addEventListener("abort", abort, { once: true });
    });
  }

  #open(headers: Readonly<Record<string, string>>): ClientRequest {
    const shared = { method: "POST", headers: { ...headers }, agent: false as const, maxHeaderSize: HEADER_BYTES_MAX };
    if (this.#url.protocol !== "https:") return requestPlain(this.#url, shared);
    return requestSecure(this.#url, { ...shared, rejectUnauthorized: true, minVersion: "TLSv1.2", ...(this.#ca === undefined ? {} : { ca: this.#ca }) });
  }
}

async function readBody(response: IncomingMessage): Promise<WireAnswer> {
  const parts: Bytes[] = [];
  let length = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > REPLY_BYTES_MAX) throw malformed("a reply longer than any");
      parts.push(new Uint8Array(part));
    }
  } catch (error) {
    throw error instanceof Fault ? error : faultOf(error);
  }
  // Ended without an error, and yet not whole.
  if (!response.complete) throw new Fault("link-down", "gateway reply broke off", { effectUnknown: true });
  return { status: response.statusCode ?? 0, body: concat(...parts) };
}

function malformed(what: string): Fault {
  return new Fault("host-answer-malformed", `gateway sent ${what}`, { effectUnknown: true });
}

/** Node's own code of an error; the parser's begin with HPE, and those of a certificate that is not believed are many. */
function faultOf(error: unknown): Fault {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return new Fault(codeOf(code), `gateway connection: ${code}`, { effectUnknown: true, cause: error });
}

function codeOf(code: string): FaultCode {
  if (code.startsWith("HPE_")) return "host-answer-malformed";
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code) ? "link-refused" : "link-down";
}
