/*
 * What the local API is told: where it listens, which programs may ask, which people stand behind them, and every bound. On any address but
 * loopback it needs TLS; everywhere each program has a token of its own, because an order's number means something only within its client.
 */
import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

const path = z.string().min(1).max(1024);
const fenAmount = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Who may do what stands in device/api/http/roles.ts. */
export const API_ROLES = ["cashier", "pharmacist", "supervisor", "engineer"] as const;

/** A client's token is long and random, so that its plain hash says nothing about it. */
const client = z.strictObject({
  client: z.string().regex(/^[A-Za-z0-9-]{1,16}$/),
  tokenSha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** scrypt$<log2 of the cost>$<block size>$<parallel>$<salt>$<key>, salt and key in hexadecimal. */
export const STORED_PASSWORD = /^scrypt\$1[0-7]\$8\$[1-4]\$[0-9a-f]{32}\$[0-9a-f]{64}$/;

const operator = z.strictObject({
  operator: z.string().regex(/^[A-Za-z0-9._-]{1,30}$/),
  role: z.enum(API_ROLES),
  passwordHash: z.string().regex(STORED_PASSWORD),
});

const bounds = z.strictObject({
  bodyBytes: z.int().min(1_024).max(4_194_304).default(262_144),
  connections: z.int().min(1).max(4_096).default(512),
  /** Requests of one client that may be answered at once; a request that waits for its order counts. */
  requestsAtOnce: z.int().min(1).max(256).default(128),
  /** Requests a second of one client, after as many at once as `requestBurst`. */
  requestsPerSecond: z.int().min(1).max(10_000).default(50),
  requestBurst: z.int().min(1).max(10_000).default(200),
  streamsPerClient: z.int().min(1).max(256).default(64),
  streams: z.int().min(1).max(2_048).default(256),
  /** Orders that may be under way at once, over all clients. */
  orders: z.int().min(1).max(1_024).default(128),
  /** Ended orders whose events can still be read again. */
  ordersRemembered: z.int().min(1).max(10_000).default(500),
  /** Events of one order that can be read again. */
  eventsPerOrder: z.int().min(16).max(1_024).default(256),
  sessionsPerClient: z.int().min(1).max(64).default(64),
  headersTimeoutMs: z.int().min(500).max(60_000).default(5_000),
  requestTimeoutMs: z.int().min(500).max(120_000).default(10_000),
  /** The longest that one request waits for its order; the order itself goes on. */
  waitMs: z.int().min(100).max(300_000).default(120_000),
  questionTimeoutMs: z.int().min(1_000).max(3_600_000).default(300_000),
  orderTimeoutMs: z.int().min(1_000).max(7_200_000).default(1_800_000),
  heartbeatMs: z.int().min(100).max(60_000).default(10_000),
  sessionMs: z.int().min(60_000).max(86_400_000).default(43_200_000),
  sessionIdleMs: z.int().min(60_000).max(86_400_000).default(3_600_000),
});

/** Whether an address is reached from this machine alone. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address === "localhost" || /^127(?:\.\d{1,3}){3}$/.test(address);
}

/** What keeps the API from starting as configured. The server asks again, because not everybody comes by the schema. */
export function exposureProblems(asked: {
  readonly address: string;
  readonly tls?: object | undefined;
  readonly clients: readonly object[];
}): readonly string[] {
  const problems: string[] = [];
  if (asked.clients.length === 0) problems.push("clients: at least one, each with a token of its own");
  if (!isLoopback(asked.address) && asked.tls === undefined) problems.push("tls: an address beyond loopback needs a certificate and its key");
  return problems;
}

function doubles(names: readonly string[]): readonly string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}

export const apiConfig = z
  .strictObject({
    address: z.union([z.ipv4(), z.ipv6(), z.literal("localhost")]).default("127.0.0.1"),
    /** 0 takes any free port. */
    port: z.int().min(0).max(65_535).default(7_420),
    /** Names by which clients may call this machine, besides its address; any other in a Host header is refused. */
    hosts: z
      .array(z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,252})$/))
      .max(16)
      .default([]),
    tls: z.strictObject({ certFile: path, keyFile: path }).exactOptional(),
    clients: z.array(client).min(1).max(256),
    operators: z.array(operator).min(1).max(512),
    /** Above it a void needs a supervisor; the same for money handed out. */
    voidLimitFen: fenAmount.default(0),
    refundLimitFen: fenAmount.default(0),
    bounds: bounds.prefault({}),
  })
  .superRefine((config, context) => {
    for (const problem of exposureProblems(config)) {
      const [at = "", ...words] = problem.split(": ");
      context.addIssue({ code: "custom", path: [at], message: words.join(": ") });
    }
    for (const name of doubles(config.clients.map((each) => each.client))) context.addIssue({ code: "custom", path: ["clients"], message: `${name} twice` });
    for (const name of doubles(config.operators.map((each) => each.operator)))
      context.addIssue({ code: "custom", path: ["operators"], message: `${name} twice` });
    if (new Set(config.clients.map((each) => each.tokenSha256)).size !== config.clients.length) {
      context.addIssue({ code: "custom", path: ["clients"], message: "two clients share a token" });
    }
  });

export type ApiConfig = DeepReadonly<z.infer<typeof apiConfig>>;
export type ApiBounds = ApiConfig["bounds"];
