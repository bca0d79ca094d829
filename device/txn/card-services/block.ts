/*
 * Block of the social application (锁应用), for good: only for the card that a signed order of a list names, never by an operator's will. Whether
 * a torn block has taken hold, the card itself tells when it returns. Spec: LD/T 32.7, APPLICATION BLOCK.
 */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { selectByName } from "../../card/dialogue.ts";
import { DIRECTORY_NAMES } from "../../card/social/file-table.ts";
import { blockApplication } from "../../card/social/maintenance.ts";
import { type NamedSocialCard, nameSocialCard } from "../../card/social/read-identity.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { ListHit } from "../lists/lists.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { agencyKeys, cardKeysMember, cardMember, drawId } from "./agency-side.ts";
import { askOnce } from "./ask-once.ts";
import { endAuthorization } from "./authorization.ts";
import { listKeys, type ServiceDesk, STORE_FAULTS } from "./desk.ts";
import { beginOperation, findOperation, type Operation } from "./operations.ts";
import { refuse, refuseByHost, refuseCard } from "./refusals.ts";

type Block = Extract<CardServiceRequest, { service: "block-application" }>;

export async function blockSocialApplication(desk: ServiceDesk, request: Block, limits: Limits): Promise<CardServiceOutcome> {
  const found = await findOperation(desk.ports, request);
  if (found.kind === "ended") return found.outcome;
  return desk.withChannel(limits, async (channel) => {
    const { ports } = desk;
    // A card that lies here blocked tells no number: an earlier attempt of this reference has taken hold.
    const selected = await selectByName(channel, DIRECTORY_NAMES.ssse, desk.commandLimits(limits.signal));
    if (selected.kind === "blocked" && found.kind === "open" && found.operation.detail["blocking"] === true) return ended(desk, found.operation, limits);
    const card = await nameSocialCard(channel, { profile: ports.cardProfile }, desk.commandLimits(limits.signal));
    if (card.kind === "refused") return refuseCard(card.reason);
    const order = ports.lists.find(listKeys(card));
    if (order?.blockOrdered !== true) return refuse("no-signed-order");
    const operation = found.kind === "open" ? found.operation : await begin(desk, request, { card, order });
    return carryOn(desk, { channel, card, operation }, limits);
  });
}

function begin(desk: ServiceDesk, request: Block, { card, order }: { readonly card: NamedSocialCard; readonly order: ListHit }): Promise<Operation> {
  const { cardNumber, cardIdentifier } = card;
  const sequence = desk.ports.lists.states().find(({ level }) => level === order.level)?.sequence ?? 0;
  return beginOperation(desk.ports, request, {
    card: cardNumber,
    detail: { agencyId: drawId(desk.ports), level: order.level, sequence },
    personal: { cardNumber, cardIdentifier },
  });
}

interface Blocking {
  readonly channel: CardChannel;
  readonly card: NamedSocialCard;
  readonly operation: Operation;
}

async function carryOn(desk: ServiceDesk, blocking: Blocking, limits: Limits): Promise<CardServiceOutcome> {
  const { operation, card } = blocking;
  if (textMember(operation.personal, "cardIdentifier") !== card.cardIdentifier) return refuse("another-card");
  const stopped = textMember(operation.personal, "authorization") === "" ? await authorize(desk, blocking, limits) : undefined;
  if (stopped !== undefined) return stopped;
  await operation.note({ blocking: true });
  return block(desk, blocking, limits);
}

/** Undefined: the agency's machine may be used for this block. */
async function authorize(desk: ServiceDesk, { card, operation }: Blocking, limits: Limits): Promise<CardServiceOutcome | undefined> {
  const listEntry: JsonObject = { level: textMember(operation.detail, "level"), sequence: operation.detail["sequence"] ?? 0 };
  const input = { card: cardMember(card), directory: "ssse", cardKeys: cardKeysMember(card), listEntry };
  const reply = await askOnce(desk, operation, { service: "block-authorization", input }, limits);
  if (reply.kind === "refused") return operation.end(refuseByHost("agency", reply));
  if (reply.kind === "not-sent") return operation.end(refuse("agency-not-reached"));
  if (reply.kind === "unknown") return operation.leaveOpen("agency-not-decided");
  await operation.note({}, { authorization: textMember(reply.output, "authorization") });
  return undefined;
}

async function block(desk: ServiceDesk, { channel, operation }: Blocking, limits: Limits): Promise<CardServiceOutcome> {
  const operator = textMember(operation.detail, "operator");
  const keys = agencyKeys(desk.ports, { authorization: textMember(operation.personal, "authorization"), operator });
  try {
    const answer = await blockApplication(channel, { directory: "ssse", keys, keyTable: desk.keyTable }, desk.commandLimits(limits.signal));
    if (answer.kind === "ok" || answer.kind === "already-blocked") return await ended(desk, operation, limits);
    return await operation.end(refuse(answer.kind === "key-missing" ? "no-block-key" : "card-refused"));
  } catch (fault) {
    if (!isFault(fault) || STORE_FAULTS.has(fault.code)) throw fault;
    return operation.leaveOpen(fault.effectUnknown ? "card-not-decided" : fault.code);
  }
}

async function ended(desk: ServiceDesk, operation: Operation, limits: Limits): Promise<CardServiceOutcome> {
  const authorization = textMember(operation.personal, "authorization");
  await endAuthorization(desk, { authorization, operator: textMember(operation.detail, "operator"), done: "yes" }, limits);
  return operation.end({ kind: "done", output: { blocked: true } });
}
