/* Everything beside orders: operators, the terminal and its devices, what waits for people, the daily reconciliation. */
import * as z from "zod";
import type { DayView, ReconciliationActs, ReconciliationReport } from "../../txn/medical-reconciliation/acts.ts";
import { type EquipmentRequest, performEquipment } from "../equipment.ts";
import { failure, refusal } from "./errors.ts";
import { type Call, type Desk, NOTHING, type Reply, type Route, route } from "./route.ts";
import * as schemas from "./schemas.ts";
import * as terminal from "./terminal-schemas.ts";
import { offlineSaleWire, orderNameOf } from "./wire.ts";

/** More than anybody looks through; what is older comes first and makes room. */
const LISTED_MAX = 200;
const DEVICES_TIMEOUT_MS = 5_000;
const none = { params: NOTHING, query: NOTHING } as const;

const signIn = route({
  id: "signIn",
  method: "POST",
  path: "/v1/operators/sign-in",
  summary: "Opens a session for an operator at this client.",
  needs: "client",
  ...none,
  body: schemas.signInBody,
  answers: [{ status: 200, schema: schemas.signedIn }],
  refusals: ["sign-in-refused", "locked-out"],
  handle: async (desk, { caller, body }) => {
    const { token, session } = await desk.sessions.signIn(caller.client, body.operator, body.password);
    const { sessionMs, sessionIdleMs } = desk.config.bounds;
    return { status: 200, json: { session: token, operator: session.operator, role: session.role, expiresInMs: sessionMs, idleMs: sessionIdleMs } };
  },
});

const signOut = route({
  id: "signOut",
  method: "POST",
  path: "/v1/operators/sign-out",
  summary: "Ends the session.",
  needs: "signed-in",
  ...none,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: schemas.done }],
  refusals: [],
  handle: async (desk, { caller }) => {
    if (caller.sessionToken !== undefined) desk.sessions.signOut(caller.sessionToken);
    return { status: 200, json: { done: true } };
  },
});

const status = route({
  id: "getStatus",
  method: "GET",
  path: "/v1/status",
  summary: "How the terminal and its upload stand.",
  needs: "see-status",
  ...none,
  answers: [{ status: 200, schema: terminal.status }],
  refusals: [],
  handle: async (desk) => ({ status: 200, json: { ...desk.service.status(), ordersUnderWay: desk.live.underWay } }),
});

const taps = route({
  id: "getTapTimes",
  method: "GET",
  path: "/v1/taps",
  summary: "Where the time of taps goes, and the slowest of them.",
  needs: "see-status",
  ...none,
  answers: [{ status: 200, schema: terminal.tapTimes }],
  refusals: [],
  handle: async (desk) => ({ status: 200, json: desk.service.tapTimes() }),
});

/** What a device did, or its failure under its own word. */
async function equipment(desk: Desk, call: Call<unknown, unknown, unknown>, asked: EquipmentRequest): Promise<Readonly<Record<string, unknown>>> {
  const { kind, ...told } = { ...(await performEquipment(desk.service.devices, asked, call.caller.signal)) } as Readonly<Record<string, unknown>>;
  if (kind !== "failed") return told;
  throw failure(typeof told["reason"] === "string" ? told["reason"] : "device-gone", told["effectUnknown"] === true);
}

const devices = route({
  id: "getDevices",
  method: "GET",
  path: "/v1/devices",
  summary: "How each configured device is.",
  needs: "see-status",
  ...none,
  answers: [{ status: 200, schema: terminal.devices }],
  refusals: [],
  handle: async (desk, call) => ({ status: 200, json: await equipment(desk, call, { do: "devices", timeoutMs: DEVICES_TIMEOUT_MS }) }),
});

const scan = route({
  id: "scan",
  method: "POST",
  path: "/v1/scan",
  summary: "Waits for one code at the terminal's scanner.",
  needs: "scan",
  ...none,
  body: terminal.scanBody,
  answers: [{ status: 200, schema: terminal.scanned }],
  refusals: [],
  handle: async (desk, call) => ({ status: 200, json: await equipment(desk, call, { do: "scan", timeoutMs: call.body.timeoutMs }) }),
});

const print = route({
  id: "print",
  method: "POST",
  path: "/v1/print",
  summary: "Prints a slip of the counter's own.",
  needs: "print",
  ...none,
  body: terminal.printBody,
  answers: [{ status: 200, schema: terminal.printed }],
  refusals: [],
  handle: async (desk, call) => {
    const { slip, timeoutMs } = call.body;
    await equipment(desk, call, { do: "print", slip, timeoutMs });
    return { status: 200, json: { printed: true } };
  },
});

const uploads = route({
  id: "getUploads",
  method: "GET",
  path: "/v1/uploads",
  summary: `Goods that the insurer did not take note of and that wait for a person: the oldest ${LISTED_MAX}, of all clients.`,
  needs: "handle-uploads",
  ...none,
  answers: [{ status: 200, schema: schemas.parkedUploads }],
  refusals: [],
  handle: async (desk) => {
    const parked = await desk.service.uploads.parked(LISTED_MAX);
    const told = parked.map(({ order, reference: _reference, ...upload }) => ({ ...upload, ...orderNameOf(order) }));
    return { status: 200, json: { uploads: told } };
  },
});

function uploadAct(act: "retry" | "dismiss"): Route {
  return route({
    id: `${act}Upload`,
    method: "POST",
    path: `/v1/uploads/{subject}/${act}`,
    summary: act === "retry" ? "Tells a parked upload again." : "A person has dealt with a parked upload otherwise: it is listed no more.",
    needs: "handle-uploads",
    params: z.strictObject({ subject: schemas.subject }),
    query: NOTHING,
    body: schemas.voidBody,
    answers: [{ status: 200, schema: schemas.uploadAct }],
    refusals: ["upload-not-parked"],
    handle: async (desk, { operator, params: { subject } }) => {
      const state = await desk.service.uploads[act](subject, { operator: operator.operator });
      if (state === "not-parked") throw refusal("upload-not-parked");
      return { status: 200, json: { subject, state } };
    },
  });
}

const offline = route({
  id: "getOffline",
  method: "GET",
  path: "/v1/offline",
  summary: `Sales without the insurer for which something is still to be done: the oldest ${LISTED_MAX}, of all clients.`,
  needs: "see-orders",
  ...none,
  answers: [{ status: 200, schema: schemas.offlineSales }],
  refusals: [],
  handle: async (desk) => ({ status: 200, json: { sales: (await desk.service.openOffline(LISTED_MAX)).map(offlineSaleWire) } }),
});

function reconciliationOf(desk: Desk): ReconciliationActs {
  const { reconciliation } = desk.service;
  if (reconciliation === undefined) throw refusal("not-offered");
  return reconciliation;
}

const REFUSED = { "day-malformed": "day-malformed", "day-not-closed": "day-not-closed", "in-progress": "reconciliation-under-way" } as const;

const reconcile = route({
  id: "reconcile",
  method: "POST",
  path: "/v1/reconciliation/{day}",
  summary: "Compares one closed day with the insurer's books, again where it was compared before.",
  needs: "reconcile",
  params: z.strictObject({ day: schemas.dayParam }),
  query: NOTHING,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: schemas.dayView }],
  refusals: ["not-offered", "day-malformed", "day-not-closed", "reconciliation-under-way"],
  handle: async (desk, { caller, operator, params }) => {
    const limits = { timeoutMs: desk.config.bounds.orderTimeoutMs, signal: caller.closing };
    const result = await reconciliationOf(desk).run(params.day, { operator: operator.operator }, limits);
    if (result.kind === "refused") throw refusal(REFUSED[result.reason]);
    const { kind: _kind, ...view } = result;
    return { status: 200, json: view };
  },
});

const lastDay = route({
  id: "lastReconciliation",
  method: "GET",
  path: "/v1/reconciliation/last",
  summary: "The latest day that was compared.",
  needs: "see-reports",
  ...none,
  answers: [{ status: 200, schema: schemas.dayView }],
  refusals: ["not-offered", "nothing-compared"],
  handle: async (desk) => {
    const view: DayView | undefined = await reconciliationOf(desk).last();
    if (view === undefined) throw refusal("nothing-compared");
    return { status: 200, json: view };
  },
});

type Form = "json" | "html" | "csv";

const FORMS: Readonly<Record<Form, (report: ReconciliationReport) => Reply>> = {
  json: ({ from, to, days, missing }) => ({ status: 200, json: { from, to, days, missing } }),
  html: ({ html }) => ({ status: 200, text: html, type: "text/html; charset=utf-8" }),
  csv: ({ csv }) => ({ status: 200, text: csv, type: "text/csv; charset=utf-8" }),
};

function reportAs(form: Form): Route {
  const typed = form === "json" ? { schema: schemas.report } : { schema: z.string(), type: `text/${form}` };
  return route({
    id: `${form}Report`,
    method: "GET",
    path: `/v1/reconciliation/report.${form}`,
    summary: `The report over a range of days as ${form.toUpperCase()}.`,
    needs: "see-reports",
    params: NOTHING,
    query: schemas.reportQuery,
    answers: [{ status: 200, ...typed }],
    refusals: ["not-offered", "day-malformed"],
    handle: async (desk, { query }) => {
      const report = await reconciliationOf(desk).report(query.from, query.to);
      if (report === undefined) throw refusal("day-malformed");
      return FORMS[form](report);
    },
  });
}

export const TERMINAL_ROUTES: readonly Route[] = [
  ...[signIn, signOut, status, taps, devices, scan, print, uploads, offline, reconcile, lastDay],
  ...(["retry", "dismiss"] as const).map(uploadAct),
  ...(["json", "html", "csv"] as const).map(reportAs),
];
