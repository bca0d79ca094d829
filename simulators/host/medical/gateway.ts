/*
 * Goal: the insurer as a counter meets it without a broker: one path on loopback, HTTP or HTTPS, signed headers, JSON in and JSON out.
 * Method: Node's own servers in front of an insurer's exchange; between them stands one planned fault, or none. Calls that are not signed,
 * too old, or repeated never reach the insurer. Spec: FSI, transport.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Bytes, concat } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import type { Clock } from "../../../device/base/ports.ts";
import { type GatewayFault, type GatewayFaults, noGatewayFaults, takeGatewayFault } from "./gateway-faults.ts";
import { type GatewayCaller, GatewayGuard } from "./gateway-guard.ts";
import type { ServerCertificate } from "./test-certificate.ts";

export interface GatewayOptions {
  readonly clock: Clock;
  /** The insurer's: undefined means that no answer will ever come. */
  readonly exchange: (body: Bytes) => Promise<Bytes | undefined>;
  readonly callers: readonly GatewayCaller[];
  /** Left out: plain HTTP. */
  readonly tls?: ServerCertificate;
  readonly path?: string;
  /** 0, or left out: the system chooses. */
  readonly port?: number;
  readonly skewMs?: number;
  readonly faults?: GatewayFaults;
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** May be changed at any time. */
  readonly faults: GatewayFaults;
  /** Calls that were let through, and refused, each with its reason. */
  readonly counters: ReadonlyMap<string, number>;
  /** Ends the server and every line that is open. */
  close(): Promise<void>;
}

export const GATEWAY_PATH = "/mbs/fmi/fsi/api/callFsiService/callService";
const LOOPBACK = "127.0.0.1";
const SKEW_MS = 300_000;
const BODY_BYTES_MAX = 8_000_000;
const CHUNKS = 8;
const PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>";
const JSON_TYPE = "application/json;charset=UTF-8";

/** The whole body, or undefined where it is too long or broke off. */
async function bodyOf(request: IncomingMessage): Promise<Bytes | undefined> {
  const parts: Bytes[] = [];
  let length = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > BODY_BYTES_MAX) return undefined;
      parts.push(Uint8Array.from(part));
    }
  } catch {
    // A caller that hung up has nothing more to say.
    return undefined;
  }
  return concat(...parts);
}

class LoopbackGateway implements Gateway {
  readonly faults: GatewayFaults;
  readonly #options: GatewayOptions;
  readonly #guard: GatewayGuard;
  readonly #server: Server;
  readonly #lines = new Set<Socket>();
  readonly #counters = new Map<string, number>();
  readonly #closed = new AbortController();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.faults = options.faults ?? noGatewayFaults();
    this.#guard = new GatewayGuard({ callers: options.callers, skewMs: options.skewMs ?? SKEW_MS });
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response);
    };
    const { tls } = options;
    this.#server = tls === undefined ? createServer(listener) : createSecureServer({ cert: tls.certificate, key: tls.key }, listener);
    const keep = (line: Socket) => {
      this.#lines.add(line);
      line.once("close", () => this.#lines.delete(line));
    };
    // Under TLS the lines below count: they are there before a handshake has succeeded.
    this.#server.on("connection", keep);
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://${LOOPBACK}:${this.port}${this.#path}`;
  }

  get #path(): string {
    return this.#options.path ?? GATEWAY_PATH;
  }

  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port ?? 0, LOOPBACK, () => resolve(this));
    });
  }

  close(): Promise<void> {
    this.#closed.abort();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const line of this.#lines) line.destroy();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = this.#refusal(request);
    const body = await bodyOf(request);
    if (refusal !== undefined || body === undefined) {
      const [status, why] = refusal ?? [413, "the body is too long or broke off"];
      this.#count(`refused: ${why}`);
      this.#end(response, status, JSON.stringify({ code: status, message: why }));
      return;
    }
    this.#count("passed");
    const fault = takeGatewayFault(this.faults);
    const reply = fault.pass ? await this.#options.exchange(body) : new Uint8Array();
    // An insurer that never answers leaves its caller waiting, as a gateway without a time limit does.
    if (reply === undefined || fault.reply === "hang") return;
    await this.#answer(response, fault, reply);
  }

  /** Status and reason, or undefined where the call is let through. */
  #refusal(request: IncomingMessage): readonly [status: number, why: string] | undefined {
    if (request.url !== this.#path) return [404, "no such service"];
    if (request.method !== "POST") return [405, "POST only"];
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return [415, "the body is JSON"];
    const why = this.#guard.refusal(request.headers, this.#options.clock.wallMs());
    return why === undefined ? undefined : [401, why];
  }

  async #answer(response: ServerResponse, fault: GatewayFault, reply: Bytes): Promise<void> {
    switch (fault.reply) {
      case "normal":
      case "hang":
        this.#end(response, 200, reply);
        return;
      case "reset":
        this.#lineOf(response)?.resetAndDestroy();
        return;
      case "half-body":
        response.writeHead(200, { "content-type": JSON_TYPE, "content-length": reply.length });
        response.write(reply.subarray(0, Math.floor(reply.length / 2)), () => response.socket?.destroy());
        return;
      case "bad-gateway":
        response.writeHead(502, { "content-type": "text/html" }).end(PAGE);
        return;
      case "slow-chunks":
        await this.#chunks(response, fault, reply);
        return;
      case "short-length":
        writeRaw(response, reply, reply.length - 5);
        return;
      case "long-length":
        writeRaw(response, reply, reply.length + 5);
        return;
      case "not-found":
        this.#end(response, 404, JSON.stringify({ code: 404, message: "no route" }));
        return;
      case "redirect":
        response.writeHead(302, { location: "/login" }).end();
        return;
    }
  }

  /** The line below a call: under TLS only that one can be reset. */
  #lineOf({ socket }: ServerResponse): Socket | undefined {
    return [...this.#lines].find((line) => line.remotePort === socket?.remotePort);
  }

  async #chunks(response: ServerResponse, { slowMs }: GatewayFault, reply: Bytes): Promise<void> {
    response.writeHead(200, { "content-type": JSON_TYPE });
    const size = Math.max(1, Math.ceil(reply.length / CHUNKS));
    try {
      for (let at = 0; at < reply.length; at += size) {
        response.write(reply.subarray(at, at + size));
        await this.#options.clock.sleep(slowMs, this.#closed.signal);
      }
      response.end();
    } catch (error) {
      // The gateway was closed in the middle of a reply; its lines are gone.
      if (!isFault(error, "cancelled")) throw error;
    }
  }

  #end(response: ServerResponse, status: number, body: string | Bytes): void {
    response.writeHead(status, { "content-type": JSON_TYPE, "content-length": Buffer.byteLength(body) }).end(body);
  }

  #count(event: string): void {
    this.#counters.set(event, (this.#counters.get(event) ?? 0) + 1);
  }
}

/** Past Node's own bookkeeping, which would not let a length be wrong. */
function writeRaw(response: ServerResponse, reply: Bytes, length: number): void {
  const { socket } = response;
  const head = `HTTP/1.1 200 OK\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n`;
  socket?.end(Buffer.concat([Buffer.from(head), reply]));
}

/** Opens the gateway on loopback. Rejects where the port is taken. */
export function openGateway(options: GatewayOptions): Promise<Gateway> {
  return new LoopbackGateway(options).listen();
}
