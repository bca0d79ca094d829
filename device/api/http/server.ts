/*
 * The local API on its port. Fastify reads and routes; what may be asked, by whom and with what answer stands in the routes. Every wait of the
 * server itself has a bound: for a connection's greeting, its headers, its body, its silence.
 */
import { readFileSync } from "node:fs";
import { createServer as createPlain, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTls } from "node:https";
import type { Socket } from "node:net";
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import { type ApiConfig, exposureProblems } from "../../config/api.ts";
import { type ApiError, refusal, tellable } from "./errors.ts";
import { GateWatch } from "./gate-watch.ts";
import { Guard } from "./guard.ts";
import { LiveOrders } from "./live-orders.ts";
import { openApiDocument, ROUTES } from "./openapi.ts";
import { may } from "./roles.ts";
import type { Caller, Desk, Reply, Route } from "./route.ts";
import type { ApiService } from "./service.ts";
import { type Session, Sessions } from "./sessions.ts";
import { demandUnspent } from "./spent.ts";
import { createStreamPlaces } from "./stream.ts";
import { openWorks } from "./works.ts";

export interface ApiParts {
  readonly config: ApiConfig;
  readonly service: ApiService;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Our own mistake came to light while a request was served; whoever assembled the terminal ends the process. */
  readonly onDefect: (error: unknown) => void;
}

export interface Api {
  /** Where it listens, with the port it was given. */
  readonly url: string;
  readonly port: number;
  /** Ends every wait and every stream; orders under way rest. */
  close(): Promise<void>;
}

const SILENCE_MARGIN_MS = 30_000;
const KEEP_ALIVE_MS = 30_000;
const LONGEST_PARAMETER = 64;
const CONNECTIONS_CHECK_MS = 1_000;
const HEADER_BYTES_MAX = 16 * 1024;
const SESSION_HEADER = "operator-session";

/** Faults: "config-invalid" (not allowed as configured, certificate not readable, address not free). */
export async function openApi(parts: ApiParts): Promise<Api> {
  const { config } = parts;
  const problems = exposureProblems(config);
  if (problems.length > 0) throw new Fault("config-invalid", `the local API does not start: ${problems.join("; ")}`, { effectUnknown: false });
  const served = createApi(parts);
  try {
    await served.app.listen({ host: config.address, port: config.port });
  } catch (error) {
    await served.close();
    throw new Fault("config-invalid", `the local API cannot listen at ${config.address}, port ${config.port}`, { effectUnknown: false, cause: error });
  }
  const bound = served.app.server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : config.port;
  served.listensAt(port);
  const host = config.address.includes(":") ? `[${config.address}]` : config.address;
  return { url: `${config.tls === undefined ? "http" : "https"}://${host}:${port}`, port, close: () => served.close() };
}

/** The API without a port of its own: what is asked of it goes through the same doors. */
export function createApi(parts: ApiParts): { readonly app: FastifyInstance; listensAt(port: number): void; close(): Promise<void> } {
  const { config, service, clock, log } = parts;
  const closing = new AbortController();
  const { bounds } = config;
  const live = new LiveOrders({ ...parts, bounds, signal: closing.signal });
  const streams = createStreamPlaces({ all: bounds.streams, perClient: bounds.streamsPerClient });
  const gateWatch = watchGates(parts);
  const desk: Desk = {
    config,
    service,
    live,
    sessions: new Sessions(parts),
    clock,
    log,
    streams,
    works: openWorks((reference) => demandUnspent(service, reference)),
    gateWatch,
  };
  const app = fastify({
    serverFactory: (handler) => createServer(config, handler),
    bodyLimit: bounds.bodyBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: (error, _request, reply) => void answerError(reply, mapped(error, parts)),
  });
  const counter = new Counter(desk, new Guard(config, clock), closing.signal);
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler((error: FastifyError, _request, reply) => answerError(reply, mapped(error, parts)));
  app.setNotFoundHandler((_request, reply) => answerError(reply, refusal("route-unknown")));
  app.addHook("onRequest", async (request, reply) => counter.enter(request, reply));
  for (const route of ROUTES) counter.serve(app, route);
  const document = JSON.stringify(openApiDocument());
  app.get("/openapi.json", (_request, reply) => send(reply, { status: 200, text: document, type: "application/json; charset=utf-8" }));
  return {
    app,
    listensAt: (port) => counter.listensAt(port),
    close: async () => {
      closing.abort();
      gateWatch?.close();
      await app.close();
    },
  };
}

function watchGates({ service, config, clock, randomness }: ApiParts): GateWatch | undefined {
  const { gates } = service;
  return gates === undefined ? undefined : new GateWatch({ gates, clock, generation: toHex(randomness.bytes(4)), eventsMax: config.bounds.eventsPerOrder });
}

function createServer(config: ApiConfig, handler: RequestListener): Server {
  const { headersTimeoutMs, requestTimeoutMs, connections, waitMs } = config.bounds;
  const bounds = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: Math.max(requestTimeoutMs, headersTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const { tls } = config;
  const server =
    tls === undefined
      ? createPlain(bounds, handler)
      : createTls({ ...bounds, cert: fileOf(tls.certFile), key: fileOf(tls.keyFile), minVersion: "TLSv1.2", handshakeTimeout: headersTimeoutMs }, handler);
  server.maxConnections = connections;
  // Longer than the longest answer that is waited for; streams have a sign of life.
  server.setTimeout(waitMs + SILENCE_MARGIN_MS);
  server.on("clientError", (_error: Error, socket: Socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  // A server over TLS has every method of the plain one that Fastify calls.
  return server as Server;
}

function fileOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Fault("config-invalid", "the local API's certificate or key cannot be read", { effectUnknown: false, cause: error });
  }
}

/** The framework's own refusals in our words; undefined codes are our own mistakes. */
const FRAMEWORK: Readonly<Record<string, Parameters<typeof refusal>[0]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body-too-large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "content-type-refused",
  FST_ERR_CTP_INVALID_JSON_BODY: "not-json",
  FST_ERR_CTP_EMPTY_JSON_BODY: "not-json",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "request-invalid",
  FST_ERR_BAD_URL: "route-unknown",
  FST_ERR_MAX_PARAM_LENGTH: "route-unknown",
};

/** Attempts to get in; each is bounded by a rate, and so is what the log says of them. */
const WATCHED: ReadonlySet<string> = new Set(["client-unknown", "sign-in-refused", "locked-out"]);

function mapped(error: Error & { readonly code?: string; readonly statusCode?: number }, parts: ApiParts): ApiError {
  const told = tellable(error);
  if (told !== undefined) {
    if (WATCHED.has(told.body.error)) parts.log.warn("api-refused", { error: told.body.error });
    return told;
  }
  const word = FRAMEWORK[error.code ?? ""];
  if (word !== undefined) return refusal(word);
  // The parser's own errors carry a status of the caller's fault and no code of ours.
  if (error instanceof SyntaxError || error.statusCode === 400) return refusal("not-json");
  parts.onDefect(error);
  return refusal("terminal-failed");
}

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
};

function send(reply: FastifyReply, answer: Exclude<Reply, { readonly stream: unknown }>): FastifyReply {
  const [text, type] = "json" in answer ? [JSON.stringify(answer.json), "application/json; charset=utf-8"] : [answer.text, answer.type];
  return reply.code(answer.status).headers(HEADERS).header("content-type", type).send(text);
}

function answerError(reply: FastifyReply, { status, body, retryAfterMs }: ApiError): FastifyReply {
  if (retryAfterMs !== undefined) reply.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return send(reply, { status, json: body });
}

/** Serves one API: who is inside, and what each route does for them. */
class Counter {
  readonly #desk: Desk;
  readonly #guard: Guard;
  readonly #closing: AbortSignal;
  readonly #inside = new WeakMap<FastifyRequest, string>();
  #port: number;

  constructor(desk: Desk, guard: Guard, closing: AbortSignal) {
    this.#desk = desk;
    this.#guard = guard;
    this.#closing = closing;
    this.#port = desk.config.port;
  }

  listensAt(port: number): void {
    this.#port = port;
  }

  enter(request: FastifyRequest, reply: FastifyReply): void {
    const { client, leave } = this.#guard.admit(request.headers, this.#port);
    this.#inside.set(request, client);
    reply.raw.once("close", leave);
  }

  serve(app: FastifyInstance, route: Route): void {
    const { method, path } = route.definition;
    app.route({ method, url: path.replaceAll(/\{(\w+)\}/g, ":$1"), handler: (request, reply) => this.#handle(route, request, reply) });
  }

  async #handle(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const { signal, release } = this.#presence(reply.raw);
    let answer: Reply;
    try {
      const caller = this.#caller(route, request, signal);
      this.#note(route, caller);
      answer = await route.run(this.#desk, { caller, params: request.params, query: request.query, body: request.body });
      if ("stream" in answer) {
        reply.hijack();
        await answer.stream(reply.raw);
        return undefined;
      }
    } finally {
      release();
    }
    return send(reply, answer);
  }

  #caller(route: Route, request: FastifyRequest, signal: AbortSignal): Caller {
    const client = this.#inside.get(request);
    if (client === undefined) throw refusal("client-unknown");
    const { needs } = route.definition;
    const sessionToken = single(request.headers[SESSION_HEADER]);
    const session = needs === "client" ? undefined : this.#session(client, sessionToken);
    if (session !== undefined && needs !== "client" && needs !== "signed-in" && !may(session.role, needs)) throw refusal("not-allowed");
    return { client, session, sessionToken, lastEventId: single(request.headers["last-event-id"]), signal, closing: this.#closing };
  }

  #session(client: string, token: string | undefined): Session {
    return this.#desk.sessions.find(client, token);
  }

  /** Who did what, without what it was about. */
  #note(route: Route, { client, session }: Caller): void {
    const { id, method } = route.definition;
    if (method !== "GET") this.#desk.log.info("api-act", { act: id, client, operator: session?.operator });
  }

  /** Ends when the caller goes away before its answer, or the API closes. */
  #presence(response: ServerResponse): { readonly signal: AbortSignal; readonly release: () => void } {
    const gone = new AbortController();
    const end = () => gone.abort();
    if (this.#closing.aborted) end();
    response.once("close", end);
    this.#closing.addEventListener("abort", end, { once: true });
    return {
      signal: gone.signal,
      release: () => {
        response.off("close", end);
        this.#closing.removeEventListener("abort", end);
      },
    };
  }
}

function single(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" && header.length <= 200 ? header : undefined;
}
