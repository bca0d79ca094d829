/* The document of the API, made from the routes and their schemas alone. Spec: OpenAPI 3.1, OpenAPI Object. */
import * as z from "zod";
import { BANK_ROUTES } from "./bank-routes.ts";
import { REFUSAL_WORDS, type RefusalWord, statusOf } from "./errors.ts";
import { GATE_ROUTES } from "./gate-routes.ts";
import { LIBRARY_ROUTES } from "./library-routes.ts";
import { ORDER_ROUTES } from "./order-routes.ts";
import type { Route } from "./route.ts";
import { NAMED } from "./schema-words.ts";
import { errorBody } from "./schemas.ts";
import { SERVICE_ROUTES } from "./service-routes.ts";
import { SHOP_ROUTES } from "./shop-routes.ts";
import { TERMINAL_ROUTES } from "./terminal-routes.ts";

export const ROUTES: readonly Route[] = [
  ...ORDER_ROUTES,
  ...TERMINAL_ROUTES,
  ...SHOP_ROUTES,
  ...GATE_ROUTES,
  ...BANK_ROUTES,
  ...SERVICE_ROUTES,
  ...LIBRARY_ROUTES,
];

type Json = Readonly<Record<string, unknown>>;

const VERSION = "1.0.0";
const REFUSED = "#/components/responses/Refused";
const refOf = (id: string) => `#/components/schemas/${id}`;

/** What any route may refuse. */
const EVERYWHERE: readonly RefusalWord[] = [
  ...(["request-invalid", "not-json", "client-unknown", "origin-refused", "host-refused"] as const),
  ...(["body-too-large", "content-type-refused", "too-many-requests", "terminal-failed"] as const),
];
const SIGNED_IN: readonly RefusalWord[] = ["session-missing", "session-ended", "not-allowed"];

/** Draft 2020-12 is what OpenAPI 3.1 speaks; its own marks have no place inside a document. */
function plain(schema: object): Json {
  return Object.fromEntries(Object.entries(schema).filter(([member]) => member !== "$schema" && member !== "$id" && member !== "id" && member !== "~standard"));
}

function components(): Json {
  const { schemas } = z.toJSONSchema(NAMED, { uri: refOf, io: "input" });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
}

function schemaOf(schema: z.ZodType): Json {
  const id = NAMED.get(schema)?.id;
  return id === undefined ? plain(z.toJSONSchema(schema, { io: "input" })) : { $ref: refOf(id) };
}

function parametersOf({ definition }: Route): readonly Json[] {
  const members = (schema: z.ZodType): readonly (readonly [string, unknown, boolean])[] => {
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
    return Object.entries(properties).map(([name, held]) => [name, held, required.includes(name)] as const);
  };
  const path = members(definition.params).map(([name, schema]) => ({ name, in: "path", required: true, schema }));
  const query = members(definition.query).map(([name, schema, required]) => ({ name, in: "query", required, schema }));
  const last = { name: "Last-Event-ID", in: "header", required: false, schema: { type: "string" }, description: "The last event that was seen." };
  return [...path, ...query, ...(definition.answers.some(({ type }) => type === "text/event-stream") ? [last] : [])];
}

function refusalsOf({ definition }: Route): Json {
  const words = [...EVERYWHERE, ...(definition.needs === "client" ? [] : SIGNED_IN), ...definition.refusals];
  const statuses = [...new Set(words.map(statusOf))].sort((left, right) => left - right);
  const answers = statuses.map((status) => {
    const named = [...new Set(words.filter((word) => statusOf(word) === status))];
    return [String(status), { $ref: REFUSED, description: named.map((word) => `\`${word}\``).join(", ") }] as const;
  });
  return { ...Object.fromEntries(answers), default: { $ref: REFUSED, description: "A failure of a device, a host or the journal, under its own word." } };
}

function operationOf(route: Route): Json {
  const { id, summary, needs, body, answers } = route.definition;
  const responses = answers.map(
    ({ status, schema, type }) =>
      [
        String(status),
        { description: status === 202 ? "Still under way; ask again." : "As asked.", content: { [type ?? "application/json"]: { schema: schemaOf(schema) } } },
      ] as const,
  );
  const parameters = parametersOf(route);
  return {
    operationId: id,
    summary,
    description:
      needs === "client" ? "Needs the client's token alone." : `Needs an operator who is signed in${needs === "signed-in" ? "" : ` and may \`${needs}\``}.`,
    security: [needs === "client" ? { client: [] } : { client: [], operator: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: !body.safeParse({}).success, content: { "application/json": { schema: schemaOf(body) } } } }),
    responses: { ...Object.fromEntries(responses), ...refusalsOf(route) },
  };
}

function paths(): Json {
  const all = new Map<string, Record<string, unknown>>();
  for (const route of ROUTES) {
    const { path, method } = route.definition;
    const at = all.get(path) ?? {};
    at[method.toLowerCase()] = operationOf(route);
    all.set(path, at);
  }
  return Object.fromEntries(all);
}

/** The whole document, the same for every terminal of this version. */
export function openApiDocument(): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "Yikatong terminal: local API",
      version: VERSION,
      description: `Orders of a pharmacy counter, settled with the insurer; sales from purses; the lanes of a gate; bank cards, contributions and the services of the card. Amounts are in fen. Words of refusals: ${REFUSAL_WORDS.map((word) => `\`${word}\``).join(", ")}.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:7420", description: "Loopback, where nothing else is configured." }],
    paths: paths(),
    components: {
      schemas: components(),
      responses: { Refused: { description: "A refusal.", content: { "application/json": { schema: schemaOf(errorBody) } } } },
      securitySchemes: {
        client: { type: "http", scheme: "bearer", description: "The token of the client's program." },
        operator: { type: "apiKey", in: "header", name: "Operator-Session", description: "The session that sign-in gave." },
      },
    },
  };
}
