/* The lanes of a gate: how they are, and what the staff does with them. They charge by themselves; nothing here moves money. */
import * as z from "zod";
import { refusal } from "./errors.ts";
import type { GateWatch } from "./gate-watch.ts";
import { type Desk, NOTHING, type Route, route } from "./route.ts";
import * as schemas from "./schemas.ts";
import type { ServedGates } from "./service.ts";
import * as shop from "./shop-schemas.ts";
import { lanesWire } from "./shop-wire.ts";
import { tellEvents } from "./stream.ts";

const none = { params: NOTHING, query: NOTHING } as const;

function gatesOf({ service }: Desk): ServedGates {
  if (service.gates === undefined) throw refusal("not-offered");
  return service.gates;
}

function watchOf({ gateWatch }: Desk): GateWatch {
  if (gateWatch === undefined) throw refusal("not-offered");
  return gateWatch;
}

const lanes = route({
  id: "getGates",
  method: "GET",
  path: "/v1/gates",
  summary: "The lanes of this terminal and their counts.",
  needs: "see-gates",
  ...none,
  answers: [{ status: 200, schema: shop.gates }],
  refusals: ["not-offered"],
  handle: async (desk) => ({ status: 200, json: lanesWire(gatesOf(desk).service.lanes) }),
});

const open = route({
  id: "openGate",
  method: "POST",
  path: "/v1/gates/{lane}/open",
  summary: "Opens one lane for one passage without payment, on the operator's word. Asked again it opens again.",
  needs: "open-gate",
  params: z.strictObject({ lane: shop.laneName }),
  query: NOTHING,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: shop.laneOpened }],
  refusals: ["not-offered", "lane-unknown"],
  handle: async (desk, { operator, params: { lane } }) => {
    const { service } = gatesOf(desk);
    if (!service.lanes.some(({ name }) => name === lane)) throw refusal("lane-unknown");
    const { kind } = await service.staffRelease(lane, operator.operator);
    return { status: 200, json: { lane, opened: kind === "opened" } };
  },
});

const release = route({
  id: "releaseGates",
  method: "POST",
  path: "/v1/gates/release",
  summary: "Opens every lane until it is taken back.",
  needs: "release-gates",
  ...none,
  body: shop.releaseBody,
  answers: [{ status: 200, schema: shop.gates }],
  refusals: ["not-offered"],
  handle: async (desk, { operator, body }) => {
    const { service } = gatesOf(desk);
    await service.release(body.why, operator.operator);
    return { status: 200, json: lanesWire(service.lanes) };
  },
});

const serve = route({
  id: "serveGates",
  method: "POST",
  path: "/v1/gates/serve",
  summary: "Takes a release of the lanes back. While the fire loop is open, the lanes stay released.",
  needs: "serve-gates",
  ...none,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: shop.gates }],
  refusals: ["not-offered"],
  handle: async (desk, { operator }) => {
    const { service } = gatesOf(desk);
    await service.serve(operator.operator);
    return { status: 200, json: lanesWire(service.lanes) };
  },
});

const events = route({
  id: "gateEvents",
  method: "GET",
  path: "/v1/gates/events",
  summary: "What happens at the lanes as server-sent events: what is still kept of it, or what came after Last-Event-ID, and then each as it happens.",
  needs: "see-gates",
  ...none,
  answers: [{ status: 200, schema: shop.gateItem, type: "text/event-stream" }],
  refusals: ["not-offered", "too-many-streams"],
  handle: async (desk, { caller }) => {
    const watch = watchOf(desk);
    const giveBack = desk.streams.take(caller.client);
    if (giveBack === undefined) throw refusal("too-many-streams", { retryAfterMs: 1_000 });
    const options = { clock: desk.clock, heartbeatMs: desk.config.bounds.heartbeatMs, lastId: caller.lastEventId, signal: caller.signal };
    return { stream: (response) => tellEvents(response, watch, options).finally(giveBack) };
  },
});

export const GATE_ROUTES: readonly Route[] = [lanes, open, release, serve, events];
