/*
 * Change of telephone and address (非关键信息变更): the agency's own book first, then the card under secure messaging with the keys that the agency
 * lends for these writes. A write whose answer was lost is read back when the card returns; what stands there is not written again.
 */
import { type Bytes, equalBytes, fromHex } from "../../base/bytes.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { CardFiles, type ItemAddress } from "../../card/social/card-files.ts";
import { fileDefinition, itemDefinition, type SocialDirectory } from "../../card/social/file-table.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { agencyKeys, cardKeysMember, cardMember, drawId } from "./agency-side.ts";
import { askOnce } from "./ask-once.ts";
import { endAuthorization } from "./authorization.ts";
import type { ServedCard, ServiceDesk } from "./desk.ts";
import { beginOperation, findOperation, type Operation } from "./operations.ts";
import { refuse, refuseByHost } from "./refusals.ts";

type ChangeDetails = Extract<CardServiceRequest, { service: "change-details" }>;

/** Items of one change: telephone and address, each perhaps in several records. */
const WRITES_MAX = 8;
const DIRECTORIES: readonly SocialDirectory[] = ["ssse", "df01", "df02", "df03", "df04", "df07"];

interface CardWrite {
  readonly address: ItemAddress;
  readonly value: Bytes;
}

export async function changeDetails(desk: ServiceDesk, request: ChangeDetails, limits: Limits): Promise<CardServiceOutcome> {
  if (request.changes.telephone === undefined && request.changes.address === undefined) return refuse("nothing-to-change");
  const found = await findOperation(desk.ports, request);
  if (found.kind === "ended") return found.outcome;
  return desk.withCard({ operator: request.operator, mayTrade: true }, limits, async (served) => {
    if (found.kind === "open") {
      const same = textMember(found.operation.personal, "cardIdentifier") === served.card.cardIdentifier;
      return same ? carryOn(desk, served, { operation: found.operation, request }, limits) : refuse("another-card");
    }
    const refused = await desk.verifyPin(served, limits);
    if (refused !== undefined) return refused;
    const { cardIdentifier, cardNumber } = served.card;
    const operation = await beginOperation(desk.ports, request, {
      card: cardNumber,
      detail: { agencyId: drawId(desk.ports), changes: Object.keys(request.changes) },
      personal: { cardIdentifier, cardNumber },
    });
    return carryOn(desk, served, { operation, request }, limits);
  });
}

interface Change {
  readonly operation: Operation;
  readonly request: ChangeDetails;
}

async function carryOn(desk: ServiceDesk, served: ServedCard, change: Change, limits: Limits): Promise<CardServiceOutcome> {
  const { operation, request } = change;
  const { card } = served;
  if (operation.detail["approved"] !== true) {
    const person = { name: card.holder.name, identityNumber: card.holder.socialSecurityNumber };
    const { telephone, address } = request.changes;
    const changes = { ...(telephone === undefined ? {} : { telephone }), ...(address === undefined ? {} : { address }) };
    const input = { card: cardMember(card), person, changes, cardKeys: cardKeysMember(card) };
    const reply = await askOnce(desk, operation, { service: "person-update", input }, limits);
    if (reply.kind === "refused") return operation.end(refuseByHost("agency", reply));
    if (reply.kind === "not-sent") return operation.end(refuse("agency-not-reached"));
    if (reply.kind === "unknown") return operation.leaveOpen("agency-not-decided");
    const writes = reply.output["writes"] ?? [];
    await operation.note({ approved: true }, { writes, authorization: textMember(reply.output, "authorization") });
  }
  return writeCard(desk, served, operation, limits);
}

async function writeCard(desk: ServiceDesk, { channel, card }: ServedCard, operation: Operation, limits: Limits): Promise<CardServiceOutcome> {
  const writes = writesOf(operation.personal);
  if (writes.length === 0) return operation.end({ kind: "done", output: { agency: "changed", card: "not-on-card" } });
  const operator = textMember(operation.detail, "operator");
  const authorization = textMember(operation.personal, "authorization");
  const keys = desk.keys(card, [agencyKeys(desk.ports, { authorization, operator })]);
  const { pin: verifier } = desk.ports;
  const pin = verifier === undefined ? ({ kind: "not-allowed" } as const) : ({ kind: "ask", verifier, limits: desk.pinLimits(limits.signal) } as const);
  const files = new CardFiles(channel, { generation: card.generation, keys, keyTable: desk.keyTable, pin, limits: desk.commandLimits(limits.signal) });
  const torn = operation.detail["writing"] === true;
  await operation.note({ writing: true });
  try {
    for (const write of writes) {
      if (torn && (await stands(files, write))) continue;
      const answer = await files.updateItem(write.address, write.value);
      if (answer.kind !== "ok") return await notOnCard(desk, operation, { authorization, why: answer.kind === "refused" ? "card-refused" : answer.why });
    }
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return await leftOpen(desk, operation, { authorization, fault });
  }
  await endAuthorization(desk, { authorization, operator, done: "yes" }, limits);
  return operation.end({ kind: "done", output: { agency: "changed", card: "updated", items: writes.length } });
}

/** The agency's book is changed all the same; the card says otherwise until it is written elsewhere. */
async function notOnCard(
  desk: ServiceDesk,
  operation: Operation,
  { authorization, why }: { readonly authorization: string; readonly why: string },
): Promise<CardServiceOutcome> {
  const operator = textMember(operation.detail, "operator");
  await endAuthorization(desk, { authorization, operator, done: "no" }, { timeoutMs: desk.bounds.hostTimeoutMs, signal: new AbortController().signal });
  return operation.end({ kind: "done", output: { agency: "changed", card: "not-updated", why } });
}

/** The card may hold the new value or the old one: the same reference with the same card tells. A key that is missing will be missing again. */
function leftOpen(
  desk: ServiceDesk,
  operation: Operation,
  { authorization, fault }: { readonly authorization: string; readonly fault: Fault },
): Promise<CardServiceOutcome> {
  desk.ports.log.warn("card-update-torn", { subject: operation.subject, code: fault.code });
  if (fault.code === "key-missing") return notOnCard(desk, operation, { authorization, why: fault.code });
  return operation.leaveOpen(fault.effectUnknown ? "card-not-decided" : "card-not-updated", { fault: fault.code });
}

/** Whether the card has this value already. */
async function stands(files: CardFiles, { address, value }: CardWrite): Promise<boolean> {
  const reading = await files.readItem(address);
  return reading.kind === "ok" && equalBytes(reading.value.slice(0, value.length), value) && isFilling(reading.value.slice(value.length), address);
}

function isFilling(rest: Bytes, { directory, file, tag }: ItemAddress): boolean {
  const filling = itemDefinition(directory, file, tag)?.type === "cn" ? 0xff : 0x00;
  return rest.every((byte) => byte === filling);
}

/** What the agency wants on the card; anything that names no file of the table is left out, and nothing is written then. */
function writesOf(personal: JsonObject): readonly CardWrite[] {
  const writes = personal["writes"];
  if (!Array.isArray(writes) || writes.length > WRITES_MAX) return [];
  const read = (writes as readonly JsonObject[]).map(writeOf);
  return read.every((write) => write !== undefined) ? read : [];
}

function writeOf(write: JsonObject): CardWrite | undefined {
  const directory = DIRECTORIES.find((each) => each === textMember(write, "directory"));
  const file = countMember(write, "file");
  const tag = countMember(write, "tag");
  const valueHex = textMember(write, "valueHex");
  if (directory === undefined || file === undefined || tag === undefined || !/^(?:[0-9a-f]{2}){1,240}$/i.test(valueHex)) return undefined;
  return fileDefinition(directory, file)?.structure === "records" ? { address: { directory, file, tag }, value: fromHex(valueHex) } : undefined;
}
