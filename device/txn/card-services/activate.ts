/* Activation of the social function (启用): by the holder who changes the initial PIN, or by an operator with the holder's document and the agency. */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { textMember } from "../journal/members.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { cardMember, drawId } from "./agency-side.ts";
import { askOnce } from "./ask-once.ts";
import { failed, type ServedCard, type ServiceDesk, STORE_FAULTS } from "./desk.ts";
import { beginOperation, findOperation, type Operation } from "./operations.ts";
import { changeByHolder, endedBy } from "./pin-acts.ts";
import { refuse, refuseByHost } from "./refusals.ts";

type Activation = Extract<CardServiceRequest, { service: "activate" }>;

export async function activate(desk: ServiceDesk, request: Activation, limits: Limits): Promise<CardServiceOutcome> {
  const found = await findOperation(desk.ports, request);
  if (found.kind === "ended") return found.outcome;
  if (found.kind === "open") return tellActivation(desk, found.operation, limits);
  return desk.withCard({ operator: request.operator, mayTrade: false }, limits, async (served) => {
    const byHost = desk.ports.profile.activationMode === "host-call";
    const refused = byHost ? desk.authorise(served.card, request) : undefined;
    if (refused !== undefined) return refused;
    const status = await desk.status(served.card, request.operator, limits);
    if (textMember(status?.output, "status") === "active") return refuse("not-inactive");
    const { cardNumber, cardIdentifier, holder } = served.card;
    const operation = await beginOperation(desk.ports, request, {
      card: cardNumber,
      detail: { agencyId: drawId(desk.ports), method: byHost ? "operator" : "initial-pin-changed", documentShown: request.person?.documentShown ?? "none" },
      personal: { cardNumber, cardIdentifier, name: holder.name, identityNumber: holder.socialSecurityNumber },
    });
    return byHost ? tellActivation(desk, operation, limits) : byInitialPin(desk, served, operation, limits);
  });
}

/** The changed PIN is the activation; the agency is told where there is one, now or later. */
async function byInitialPin(desk: ServiceDesk, served: ServedCard, operation: Operation, limits: Limits): Promise<CardServiceOutcome> {
  if (desk.ports.agency === undefined) {
    return endedBy(
      operation,
      async () => (await changeByHolder(desk, served, limits)) ?? { kind: "done", output: { activated: true, by: "initial-pin-changed" } },
    );
  }
  const stopped = await changedOrStopped(desk, served, operation, limits);
  if (stopped !== undefined) return stopped;
  await operation.note({ pinChanged: true });
  return tellActivation(desk, operation, limits);
}

/** Undefined: the PIN was changed. A card that left before anything was sent ends it; one that left behind the command leaves it open. */
async function changedOrStopped(desk: ServiceDesk, served: ServedCard, operation: Operation, limits: Limits): Promise<CardServiceOutcome | undefined> {
  try {
    const refused = await changeByHolder(desk, served, limits);
    return refused === undefined ? undefined : await operation.end(refused);
  } catch (fault) {
    if (!isFault(fault) || STORE_FAULTS.has(fault.code)) throw fault;
    return fault.effectUnknown ? operation.leaveOpen("card-not-decided") : operation.end(failed(fault));
  }
}

export async function tellActivation(desk: ServiceDesk, operation: Operation, limits: Limits): Promise<CardServiceOutcome> {
  const { detail, personal } = operation;
  const method = textMember(detail, "method");
  // A change of the PIN that nobody saw end: the holder tries old and new, and activates with another number.
  if (method === "initial-pin-changed" && detail["pinChanged"] !== true) return operation.leaveOpen("card-not-decided");
  const card = cardMember({ cardIdentifier: textMember(personal, "cardIdentifier"), cardNumber: textMember(personal, "cardNumber") });
  const person = { name: textMember(personal, "name"), identityNumber: textMember(personal, "identityNumber") };
  const reply = await askOnce(desk, operation, { service: "activate", input: { card, person, method } }, limits);
  switch (reply.kind) {
    case "ok":
      return operation.end({ kind: "done", output: { activated: true, by: method } });
    case "refused":
      return operation.end(refuseByHost("agency", reply));
    case "not-sent":
      if (method === "operator") return operation.end(refuse("agency-not-reached"));
      return operation.leaveQueued({ kind: "done", output: { activated: true, by: method, agency: "queued" } });
    case "unknown":
      if (method === "operator") return operation.leaveOpen("agency-not-decided");
      return operation.leaveQueued({ kind: "done", output: { activated: true, by: method, agency: "queued" } });
  }
}
