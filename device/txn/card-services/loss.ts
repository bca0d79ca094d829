/*
 * Loss (挂失) and its withdrawal. A report stops the card at this terminal from the moment it is durable, and reaches the agency now or later:
 * it keeps its hour. The agency's refusal takes the card off the local list again. Spec: card-services/v1, 5.
 */

import { utf8 } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { parseCardNumber } from "../../card/social/files.ts";
import type { AgencyReply } from "../agency/client.ts";
import { parseMoment, writeMoment } from "../agency/times.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { CardServiceOutcome, CardServiceRequest, PersonClaim } from "./acts.ts";
import { drawId } from "./agency-side.ts";
import { askOnce } from "./ask-once.ts";
import { listKeys, type ServiceDesk } from "./desk.ts";
import { lossRuleWord, lossTimes } from "./loss-rules.ts";
import { beginOperation, findOperation, type Operation, wasShown } from "./operations.ts";
import { type Refused, refuse, refuseByHost } from "./refusals.ts";

type LossReport = Extract<CardServiceRequest, { service: "report-loss" }>;
type LossWithdrawal = Extract<CardServiceRequest, { service: "withdraw-loss" }>;

const IDENTITY_NUMBER = /^\d{17}[\dX]$/;

/** Why nobody can be verified by what was given; undefined: somebody can. */
function unverifiable({ person, cardNumber }: { readonly person: PersonClaim; readonly cardNumber: string }): Refused | undefined {
  if (parseCardNumber(utf8(cardNumber)) === undefined) return refuse("card-number-malformed");
  return person.name.trim() !== "" && IDENTITY_NUMBER.test(person.identityNumber) ? undefined : refuse("person-not-verifiable");
}

/** A call is enough for a temporary loss, which lapses by itself. Undefined: it is enough, or the document was shown. */
function notShown({ documentShown }: PersonClaim): Refused | undefined {
  return documentShown === "none" ? refuse("identity-not-shown") : undefined;
}

export async function reportLoss(desk: ServiceDesk, request: LossReport, limits: Limits): Promise<CardServiceOutcome> {
  const refused = unverifiable(request) ?? (request.loss === "formal" ? notShown(request.person) : undefined);
  if (refused !== undefined) return refused;
  const found = await findOperation(desk.ports, request);
  if (found.kind === "ended") return found.outcome;
  if (found.kind === "open") return tellLoss(desk, found.operation, limits);
  const { loss, cardNumber, person } = request;
  const reportedMs = desk.ports.timekeeper.reading(0).wallMs;
  const operation = await beginOperation(desk.ports, request, {
    card: cardNumber,
    detail: { loss, reportedMs, agencyId: drawId(desk.ports), documentShown: person.documentShown },
    personal: { cardNumber, name: person.name, identityNumber: person.identityNumber },
  });
  return tellLoss(desk, operation, limits);
}

/** The local list first: nobody waits for a network to have a card stopped here. */
export async function tellLoss(desk: ServiceDesk, operation: Operation, limits: Limits): Promise<CardServiceOutcome> {
  const { loss, reportedMs, cardNumber } = readLoss(operation);
  const { profile, localList } = desk.ports;
  if (operation.detail["listed"] !== true) {
    await localList.put({ keys: listKeys({ cardNumber }), loss, reportedMs, ...lossTimes(loss, reportedMs, profile) });
    await operation.note({ listed: true });
  }
  const reply = await sendLoss(desk, operation, limits);
  const told = { loss, reportedAt: writeMoment(reportedMs), rule: lossRuleWord(loss, profile), listedHere: true };
  const { lapsesMs } = lossTimes(loss, reportedMs, profile);
  const lapses = lapsesMs === undefined ? {} : { lapsesAt: writeMoment(lapsesMs) };
  switch (reply.kind) {
    case "ok":
      return operation.end({ kind: "done", output: { ...told, ...(await takeAgencyRule(desk, operation, reply.output)), agency: "told" } });
    case "refused":
      await localList.remove(listKeys({ cardNumber }));
      return operation.end(refuseByHost("agency", reply));
    case "not-sent":
    case "unknown":
      return operation.leaveQueued({ kind: "done", output: { ...told, ...lapses, agency: "queued" } });
  }
}

function readLoss({ detail, personal }: Operation): { readonly loss: "temporary" | "formal"; readonly reportedMs: number; readonly cardNumber: string } {
  return {
    loss: textMember(detail, "loss") === "formal" ? "formal" : "temporary",
    reportedMs: countMember(detail, "reportedMs") ?? 0,
    cardNumber: textMember(personal, "cardNumber"),
  };
}

function sendLoss(desk: ServiceDesk, operation: Operation, limits: Limits): Promise<AgencyReply> {
  const { loss, reportedMs, cardNumber } = readLoss(operation);
  const input = {
    cardNumber,
    person: personOf(operation),
    loss,
    reportedAt: writeMoment(reportedMs),
    identityShown: wasShown(operation),
  };
  return askOnce(desk, operation, { service: "loss-report", input }, limits);
}

/** The agency's own end of a temporary loss outweighs the rule of the place. */
async function takeAgencyRule(desk: ServiceDesk, operation: Operation, output: JsonObject): Promise<JsonObject> {
  const { loss, reportedMs, cardNumber } = readLoss(operation);
  const lapsesMs = parseMoment(output["lapsesAt"]);
  const rule = textMember(output, "rule");
  if (lapsesMs === undefined) return rule === "" ? {} : { rule };
  const { lapsesMs: _own, ...times } = lossTimes(loss, reportedMs, desk.ports.profile);
  await desk.ports.localList.put({ keys: listKeys({ cardNumber }), loss, reportedMs, ...times, lapsesMs });
  return { rule, lapsesAt: writeMoment(lapsesMs) };
}

function personOf({ personal }: Operation): JsonObject {
  return { name: textMember(personal, "name"), identityNumber: textMember(personal, "identityNumber") };
}

export async function withdrawLoss(desk: ServiceDesk, request: LossWithdrawal, limits: Limits): Promise<CardServiceOutcome> {
  const refused = unverifiable(request) ?? notShown(request.person);
  if (refused !== undefined) return refused;
  const found = await findOperation(desk.ports, request);
  if (found.kind === "ended") return found.outcome;
  if (found.kind === "open") return tellWithdrawal(desk, found.operation, limits);
  const { cardNumber, person } = request;
  const operation = await beginOperation(desk.ports, request, {
    card: cardNumber,
    detail: { agencyId: drawId(desk.ports), documentShown: person.documentShown },
    personal: { cardNumber, name: person.name, identityNumber: person.identityNumber },
  });
  return tellWithdrawal(desk, operation, limits);
}

/** The card stays stopped here until the agency has said yes. */
export async function tellWithdrawal(desk: ServiceDesk, operation: Operation, limits: Limits): Promise<CardServiceOutcome> {
  const cardNumber = textMember(operation.personal, "cardNumber");
  const input = { cardNumber, person: personOf(operation), identityShown: wasShown(operation) };
  const reply = await askOnce(desk, operation, { service: "loss-withdraw", input }, limits);
  switch (reply.kind) {
    case "ok":
      await desk.ports.localList.remove(listKeys({ cardNumber }));
      return operation.end({ kind: "done", output: { withdrawn: true, agency: "told" } });
    case "refused":
      return operation.end(refuseByHost("agency", reply));
    case "not-sent":
      return operation.end(refuse("agency-not-reached"));
    case "unknown":
      return operation.leaveOpen("agency-not-decided");
  }
}
