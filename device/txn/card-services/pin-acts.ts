/*
 * The holder's PIN at the counter: changed by the holder, given its tries back, or set anew with the agency's authorisation. One step where the
 * terminal's own module has the key; several where the agency's key machine makes each value. No digit is ever here. Spec: agency/v1, 4.
 */
import { fromHex } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { changePin as changeOnCard, queryPinState, type ReloadAnswer, reloadPin, type UnblockAnswer, unblockPin } from "../../card/social/pin.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import type { PinChangeOutcome } from "../../drivers/ports.ts";
import { textMember } from "../journal/members.ts";
import { pinRefusal } from "../pin-refusal.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { agencyKeys, cardKeysMember, cardMember, drawId, type PadBlock } from "./agency-side.ts";
import { askOnce } from "./ask-once.ts";
import { endAuthorization } from "./authorization.ts";
import { failed, type ServedCard, type ServiceDesk, STORE_FAULTS } from "./desk.ts";
import { beginOperation, type ChangingRequest, findOperation, type Operation, wasShown } from "./operations.ts";
import { type Refused, refuse, refuseByHost } from "./refusals.ts";

type PinRequest = Extract<CardServiceRequest, { service: "reset-pin" | "unlock-pin" }>;

const NEW_PIN_DIGITS = 6;
const ACCOUNT_DIGITS = 12;

/** The holder changes the PIN at the keypad. Undefined: it was changed. Faults: those of the channel. */
export async function changeByHolder(desk: ServiceDesk, { channel, card }: ServedCard, limits: Limits): Promise<Refused | undefined> {
  const { pinChanger: changer, clock } = desk.ports;
  if (changer === undefined) return refuse("no-pin-entry");
  const outcome = await changeOnCard(channel, { changer, limits: desk.pinLimits(limits.signal) }, desk.commandLimits(limits.signal));
  if (outcome.kind === "none-set") return refuse("no-pin-set");
  if (isOfNewPin(outcome)) return refuse(outcome.kind);
  if (outcome.kind !== "verified") {
    const { reason, ...more } = pinRefusal(outcome);
    return refuse(reason, more);
  }
  await desk.known.keepPin(card.cardIdentifier, { pin: "changed", atMs: clock.wallMs() });
  return undefined;
}

/** What was wrong with the new PIN and not with the old one. */
function isOfNewPin(
  outcome: PinChangeOutcome | { readonly kind: "none-set" },
): outcome is Extract<PinChangeOutcome, { readonly kind: "entries-differ" | "initial-pin-again" }> {
  return outcome.kind === "entries-differ" || outcome.kind === "initial-pin-again";
}

/** A change by the holder has no way to be looked at afterwards: what was not answered stays unknown, and the holder tries old and new. */
export async function changePin(
  desk: ServiceDesk,
  request: Extract<CardServiceRequest, { service: "change-pin" }>,
  limits: Limits,
): Promise<CardServiceOutcome> {
  const named: ChangingRequest = { ...request, reference: request.reference ?? drawId(desk.ports) };
  const found = await findOperation(desk.ports, named);
  if (found.kind === "ended") return found.outcome;
  if (found.kind === "open") return { kind: "unknown", reason: "change-not-decided", subject: found.operation.subject };
  return desk.withCard({ operator: request.operator, mayTrade: false }, limits, async (served) => {
    const { cardNumber, cardIdentifier } = served.card;
    const operation = await beginOperation(desk.ports, named, { card: cardNumber, detail: {}, personal: { cardNumber, cardIdentifier } });
    return endedBy(operation, async () => {
      const refused = await changeByHolder(desk, served, limits);
      return refused ?? { kind: "done", output: { changed: true } };
    });
  });
}

/** Ends the operation by what the act gave; a fault with unknown effect leaves it open, any other ends it. */
export async function endedBy(operation: Operation, act: () => Promise<CardServiceOutcome>): Promise<CardServiceOutcome> {
  try {
    return await operation.end(await act());
  } catch (fault) {
    if (!isFault(fault) || STORE_FAULTS.has(fault.code)) throw fault;
    const outcome = failed(fault);
    return outcome.kind === "unknown" ? operation.leaveOpen(outcome.reason) : operation.end(outcome);
  }
}

export async function mendPin(desk: ServiceDesk, request: PinRequest, limits: Limits): Promise<CardServiceOutcome> {
  const found = await findOperation(desk.ports, request);
  if (found.kind === "ended") return found.outcome;
  return desk.withCard({ operator: request.operator, mayTrade: false }, limits, async (served) => {
    const refused = desk.authorise(served.card, request) ?? (await refusedByState(desk, served, limits));
    if (refused !== undefined) return refused;
    if (found.kind === "open") {
      const same = textMember(found.operation.personal, "cardIdentifier") === served.card.cardIdentifier;
      return same ? carryOn(desk, served, { operation: found.operation, request }, limits) : refuse("another-card");
    }
    const { cardNumber, cardIdentifier } = served.card;
    const operation = await beginOperation(desk.ports, request, {
      card: cardNumber,
      detail: { agencyId: drawId(desk.ports), documentShown: request.person?.documentShown ?? "none" },
      personal: { cardNumber, cardIdentifier },
    });
    return carryOn(desk, served, { operation, request }, limits);
  });
}

async function refusedByState(desk: ServiceDesk, { channel }: ServedCard, { signal }: Limits): Promise<Refused | undefined> {
  const state = await queryPinState(channel, desk.commandLimits(signal));
  if (state.kind === "none") return refuse("no-pin-set");
  return state.kind === "refused" ? refuse("pin-refused") : undefined;
}

interface Mending {
  readonly operation: Operation;
  readonly request: PinRequest;
}

/** "module": the terminal's own module has the unblocking key, so that the agency only allows it. */
function variantOf(desk: ServiceDesk, request: PinRequest): "module" | "key-machine" {
  return request.service === "unlock-pin" && desk.ports.psam !== undefined && desk.keyTable.puk?.inModule !== undefined ? "module" : "key-machine";
}

async function carryOn(desk: ServiceDesk, served: ServedCard, { operation, request }: Mending, limits: Limits): Promise<CardServiceOutcome> {
  const { card } = served;
  const { person } = request;
  if (textMember(operation.personal, "authorization") === "") {
    const input = {
      card: cardMember(card),
      person: { name: person?.name ?? "", identityNumber: person?.identityNumber ?? "" },
      action: request.service === "reset-pin" ? "reset" : "unlock",
      variant: variantOf(desk, request),
      identityShown: wasShown(operation),
      cardKeys: cardKeysMember(card),
    };
    const reply = await askOnce(desk, operation, { service: "pin-authorization", input }, limits);
    if (reply.kind === "refused") return operation.end(refuseByHost("agency", reply));
    if (reply.kind === "not-sent") return operation.end(refuse("agency-not-reached"));
    if (reply.kind === "unknown") return operation.leaveOpen("agency-not-decided");
    await operation.note({ newPin: textMember(reply.output, "newPin") }, { authorization: textMember(reply.output, "authorization") });
  }
  return useAuthorization(desk, served, { operation, request }, limits);
}

async function useAuthorization(desk: ServiceDesk, served: ServedCard, mending: Mending, limits: Limits): Promise<CardServiceOutcome> {
  const { operation, request } = mending;
  const chooses = request.service === "reset-pin" && textMember(operation.detail, "newPin") === "pad-block";
  const padded = chooses ? await askPad(desk, served.card, limits) : undefined;
  if (padded?.kind === "refused") return operation.end(padded);
  const authorized = { authorization: textMember(operation.personal, "authorization"), operator: request.operator };
  const keys = agencyKeys(desk.ports, { ...authorized, ...(padded === undefined ? {} : { padBlock: padded.padBlock }) });
  try {
    const refused = refusalOf(await mend(desk, served, { request, keys }, limits));
    await endAuthorization(desk, { ...authorized, done: refused === undefined ? "yes" : "no" }, limits);
    return refused === undefined ? await done(desk, served, operation) : await operation.end(refused);
  } catch (fault) {
    if (!isFault(fault) || STORE_FAULTS.has(fault.code)) throw fault;
    if (fault.code !== "key-missing") return operation.leaveOpen(fault.effectUnknown ? "card-not-decided" : fault.code);
    await endAuthorization(desk, { ...authorized, done: "no" }, limits);
    return operation.end(refuseByHost("agency", { reason: "key-not-lent" }));
  }
}

async function done(desk: ServiceDesk, { card }: ServedCard, operation: Operation): Promise<CardServiceOutcome> {
  const { detail } = operation;
  if (textMember(detail, "service") === "unlock-pin") return operation.end({ kind: "done", output: { unlocked: true } });
  const initial = textMember(detail, "newPin") !== "pad-block";
  await desk.known.keepPin(card.cardIdentifier, { pin: initial ? "initial" : "changed", atMs: desk.ports.clock.wallMs() });
  return operation.end({ kind: "done", output: { reset: true, newPin: initial ? "initial" : "chosen", changeFirst: initial } });
}

async function mend(
  desk: ServiceDesk,
  { channel, card }: ServedCard,
  { request, keys }: { readonly request: PinRequest; readonly keys: ReturnType<typeof agencyKeys> },
  { signal }: Limits,
): Promise<ReloadAnswer> {
  const limits = desk.commandLimits(signal);
  if (request.service === "unlock-pin") {
    const signer = variantOf(desk, request) === "module" ? desk.keys(card) : keys;
    return unblockPin(channel, signer, limits) satisfies Promise<UnblockAnswer>;
  }
  return reloadPin(channel, { algorithm: card.algorithm, keys: desk.keys(card, [keys]), keyTable: desk.keyTable, service: keys }, limits);
}

function refusalOf(answer: ReloadAnswer): Refused | undefined {
  switch (answer.kind) {
    case "ok":
      return undefined;
    case "puk-locked":
      return refuse("puk-locked");
    case "refused":
    case "proof-refused":
      return refuse("card-refused");
    case "host-command-malformed":
      return refuseByHost("agency", { reason: answer.kind });
  }
}

/** The new PIN from the holder's fingers to the agency, enciphered by the pad. Spec: agency/v1, 4 (format 0 over digits of the card identifier). */
async function askPad(desk: ServiceDesk, card: SocialIdentity, limits: Limits): Promise<{ readonly kind: "entered"; readonly padBlock: PadBlock } | Refused> {
  const { pinPad } = desk.ports;
  if (pinPad === undefined) return refuse("no-pin-pad");
  const digits = card.cardIdentifier.replace(/\D/g, "").slice(-ACCOUNT_DIGITS).padStart(ACCOUNT_DIGITS, "0");
  const request = { accountTail: fromHex(digits), minDigits: NEW_PIN_DIGITS, maxDigits: NEW_PIN_DIGITS };
  const outcome = await pinPad.requestPinBlock(request, desk.pinLimits(limits.signal));
  switch (outcome.kind) {
    case "entered":
      return { kind: "entered", padBlock: outcome };
    case "cancelled":
      return refuse("pin-cancelled");
    case "timed-out":
      return refuse("pin-timed-out");
  }
}
