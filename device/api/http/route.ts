/* What a route is: its place, who may ask, what it takes and gives. Server and document are both made from it, so that they cannot differ. */
import type { ServerResponse } from "node:http";
import * as z from "zod";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { ApiConfig } from "../../config/api.ts";
import { type RefusalWord, refusal } from "./errors.ts";
import type { GateWatch } from "./gate-watch.ts";
import type { LiveOrders } from "./live-orders.ts";
import type { Act } from "./roles.ts";
import type { ApiService } from "./service.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { StreamPlaces } from "./stream.ts";
import type { Works } from "./works.ts";

/** What every route works with. */
export interface Desk {
  readonly config: ApiConfig;
  readonly service: ApiService;
  readonly live: LiveOrders;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Log;
  readonly streams: StreamPlaces;
  readonly works: Works;
  /** What happens at the lanes; undefined where this terminal has none. */
  readonly gateWatch: GateWatch | undefined;
}

/** Who asks. `signal` ends when the caller goes away or the API closes, `closing` only at the latter: what moves money outlives its caller. */
export interface Caller {
  readonly client: string;
  readonly session: Session | undefined;
  readonly sessionToken: string | undefined;
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal;
  readonly closing: AbortSignal;
}

export interface Call<Params, Query, Body> {
  readonly caller: Caller;
  readonly operator: Session;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

export type Reply =
  | { readonly status: number; readonly json: object }
  | { readonly status: number; readonly text: string; readonly type: string }
  /** Takes the response over and resolves when it has ended. */
  | { readonly stream: (response: ServerResponse) => Promise<void> };

export interface Answer {
  readonly status: number;
  readonly schema: z.ZodType;
  readonly type?: string;
}

export interface Definition<Params, Query, Body> {
  readonly id: string;
  readonly method: "GET" | "PUT" | "POST";
  /** Members of the path in braces, as the document writes them. */
  readonly path: string;
  readonly summary: string;
  /** "client": the program alone. Otherwise an operator who is signed in and may do this; "signed-in": any of them. */
  readonly needs: "client" | "signed-in" | Act;
  readonly params: z.ZodType<Params>;
  readonly query: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  readonly answers: readonly Answer[];
  /** Beside those that every route has. */
  readonly refusals: readonly RefusalWord[];
  readonly handle: (desk: Desk, call: Call<Params, Query, Body>) => Promise<Reply>;
}

export interface RawCall {
  readonly caller: Caller;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A definition whose types are closed inside: whoever runs it hands over what came from outside. */
export interface Route {
  readonly definition: Omit<Definition<unknown, unknown, unknown>, "handle">;
  run(desk: Desk, raw: RawCall): Promise<Reply>;
}

export const NOTHING = z.strictObject({});
const PROBLEMS_MAX = 20;
const PROBLEM_CHARACTERS_MAX = 160;
const NOBODY: Session = { client: "", operator: "", role: "engineer" };

export function route<Params, Query, Body>(definition: Definition<Params, Query, Body>): Route {
  const { handle, ...told } = definition;
  return {
    definition: told,
    run: async (desk, { caller, params, query, body }) => {
      const problems: string[] = [];
      const read = {
        params: checked(told.params, params, { place: "path", problems }),
        query: checked(told.query, query, { place: "query", problems }),
        // A body that may be empty may be left out.
        body: checked(told.body ?? (z.unknown() as z.ZodType<Body>), body === undefined ? {} : body, { place: "", problems }),
      };
      const { params: heldParams, query: heldQuery, body: heldBody } = read;
      if (heldParams === undefined || heldQuery === undefined || heldBody === undefined) throw refusal("request-invalid", { problems });
      const call = { caller, operator: caller.session ?? NOBODY, params: heldParams.value, query: heldQuery.value, body: heldBody.value };
      return handle(desk, call);
    },
  };
}

function checked<Value>(
  schema: z.ZodType<Value>,
  value: unknown,
  { place, problems }: { readonly place: string; readonly problems: string[] },
): { readonly value: Value } | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  for (const issue of parsed.error.issues.slice(0, PROBLEMS_MAX - problems.length)) {
    problems.push(`${placeOf(place, issue.path)}: ${issue.message}`.slice(0, PROBLEM_CHARACTERS_MAX));
  }
  return undefined;
}

function placeOf(head: string, path: readonly PropertyKey[]): string {
  const place = path.reduce<string>((text, step) => (typeof step === "number" ? `${text}[${step}]` : `${text}${text === "" ? "" : "."}${String(step)}`), head);
  return place === "" ? "body" : place;
}
