/* The decisions of the medical-purchase machine, one small function each. The table in machine.ts says when each of them applies. */
import type { FaultCode } from "../../base/fault.ts";
import type { Closing, Course, EntryName, EventOf, MedicalOutcome, Plan, Refusal, StateOf, Step } from "./types.ts";

/** How often a card that cannot be read, or that left too early, may be presented again. */
export const TRIES_MAX = 5;

export function end(outcome: MedicalOutcome): Step {
  return { state: { at: "ended", outcome }, commands: [] };
}

function refuse(refusal: Refusal): Step {
  return end({ kind: "refused", ...refusal });
}

export function lookedUp(_: StateOf<"looking-up">, { known }: EventOf<"looked-up">): Step {
  switch (known.kind) {
    case "new":
      return begin(known.credential);
    case "in-progress":
      return refuse({ reason: "in-progress" });
    case "conflict":
      return refuse({ reason: "reference-conflict" });
    case "paid":
      return end({ kind: "paid", subject: known.subject, visitId: known.visitId, ...known.figures });
    // It is reversed in the background; until the host's records agree nothing new is tried for this sale.
    case "open":
      return end({ kind: "unknown", subject: known.subject, reason: "earlier-sale-open" });
  }
}

function begin(credential: Extract<EventOf<"looked-up">["known"], { kind: "new" }>["credential"]): Step {
  switch (credential) {
    case "card":
      return awaitCard(0);
    case "e-code":
      return { state: { at: "reading-code" }, commands: [{ do: "read-code" }] };
    case "resident-id":
    case "as-read":
      return askPerson();
  }
}

function awaitCard(tries: number): Step {
  return { state: { at: "awaiting-card", tries }, commands: [{ do: "await-card" }] };
}

export function askPerson(): Step {
  return { state: { at: "asking-person" }, commands: [{ do: "ask-person" }] };
}

export function refuseForJournal(_: unknown, { code }: EventOf<"journal-failed">): Step {
  return refuse({ reason: code });
}

export function identify({ tries }: StateOf<"awaiting-card">): Step {
  return { state: { at: "identifying", tries }, commands: [{ do: "identify" }] };
}

export function endNoCard(): Step {
  return end({ kind: "no-card" });
}

/** A holder whose last settlement is not decided yet makes no new one: it could be the same goods twice. */
export function identified(_: StateOf<"identifying">, { earlierOpen }: EventOf<"card-identified">): Step {
  return earlierOpen ? refuse({ reason: "earlier-sale-open" }) : askPerson();
}

export function presentAgain({ tries }: StateOf<"identifying">, { code }: EventOf<"card-lost">): Step {
  return tries + 1 < TRIES_MAX ? awaitCard(tries + 1) : refuse({ reason: code });
}

export function refuseStopped(_: unknown, { refusal }: EventOf<"stopped">): Step {
  return refuse(refusal);
}

export function askInsurance(): Step {
  return { state: { at: "choosing-insurance" }, commands: [{ do: "ask-insurance" }] };
}

export function personFound(_: unknown, { plan, earlierOpen }: EventOf<"person-found">): Step {
  return earlierOpen ? refuse({ reason: "earlier-sale-open" }) : checkNext(plan, plan.checks);
}

export function checkPassed({ plan, left }: StateOf<"checking">): Step {
  return checkNext(plan, left);
}

function checkNext(plan: Plan, checks: StateOf<"checking">["left"]): Step {
  const [check, ...left] = checks;
  if (check !== undefined) return { state: { at: "checking", plan, left }, commands: [{ do: "check", check }] };
  const course = { plan, visit: undefined };
  return plan.visit === "outpatient" ? intend(course) : preSettle(course);
}

function intend(course: Course): Step {
  return { state: { at: "intending", course }, commands: [{ do: "append-intent" }] };
}

function preSettle(course: Course): Step {
  return { state: { at: "pre-settling", course }, commands: [{ do: "pre-settle" }] };
}

/** An outpatient visit is registered now; at a pharmacy nothing but the booking is left. */
export function intended({ course: { plan } }: StateOf<"intending">, { entry }: EventOf<"entry-durable">): Step {
  return plan.visit === "outpatient" ? visit(plan, entry, "register") : settle(plan, entry);
}

function visit(plan: Plan, entry: EntryName, stage: StateOf<"visiting">["stage"]): Step {
  return { state: { at: "visiting", plan, visit: entry, stage }, commands: [{ do: "visit", stage }] };
}

export function stageDone({ plan, visit: entry, stage }: StateOf<"visiting">): Step {
  switch (stage) {
    case "register":
      return note(plan, entry, "inform");
    case "inform":
      return visit(plan, entry, "upload");
    case "upload":
      return preSettle({ plan, visit: entry });
  }
}

function note(plan: Plan, entry: EntryName, next: StateOf<"noting">["next"]): Step {
  return { state: { at: "noting", plan, visit: entry, next }, commands: [{ do: "note", next, after: entry }] };
}

export function noted({ plan, visit: entry, next }: StateOf<"noting">): Step {
  return next === "inform" ? visit(plan, entry, "inform") : settle(plan, entry);
}

function settle(plan: Plan, intent: EntryName): Step {
  return { state: { at: "settling", plan, intent }, commands: [{ do: "settle" }] };
}

function refusedOf(intent: EntryName, refusal: Refusal): Closing {
  return { state: "refused", reason: refusal.reason, outcome: { kind: "refused", ...refusal, subject: intent.subject } };
}

/** Nothing is refused before what stands at the insurer has been taken back. */
function giveUp({ visit: entry }: Course, refusal: Refusal): Step {
  return entry === undefined ? refuse(refusal) : undo(entry, refusedOf(entry, refusal));
}

function undo(entry: EntryName, closing: Closing): Step {
  return { state: { at: "undoing", visit: entry, closing }, commands: [{ do: "undo-visit" }] };
}

export function visitRefused(state: StateOf<"visiting">, { message }: EventOf<"host-refused">): Step {
  return giveUpStage(state, { reason: "host-refused", message });
}

export function visitNotSent(state: StateOf<"visiting">): Step {
  return giveUpStage(state, { reason: "host-unreachable" });
}

/** Without its answer a registration has no name by which it could be cancelled at once; what comes later hangs on a visit that has one. */
export function visitUndecided(state: StateOf<"visiting">, { reason }: EventOf<"host-undecided">): Step {
  return state.stage === "register" ? closeUnknown(state.visit, reason) : giveUpStage(state, { reason: "host-unreachable" });
}

/** A registration that was refused, or never sent, has left nothing. */
function giveUpStage({ visit: entry, stage }: StateOf<"visiting">, refusal: Refusal): Step {
  const closing = refusedOf(entry, refusal);
  return stage === "register" ? close(entry, closing) : undo(entry, closing);
}

export function preSettled({ course }: StateOf<"pre-settling">): Step {
  if (course.plan.confirms) return { state: { at: "confirming", course }, commands: [{ do: "confirm" }] };
  return verifyOrBook(course);
}

export function confirmed({ course }: StateOf<"confirming">): Step {
  return verifyOrBook(course);
}

function verifyOrBook(course: Course): Step {
  return course.plan.asksPin ? verifyPin(course, 0) : book(course);
}

function verifyPin(course: Course, tries: number): Step {
  return { state: { at: "verifying-pin", course, tries }, commands: [{ do: "verify-pin" }] };
}

/** What is to be booked is durable first. */
function book(course: Course): Step {
  return course.visit === undefined ? intend(course) : note(course.plan, course.visit, "settle");
}

export function pinVerified({ course }: StateOf<"verifying-pin">): Step {
  return book(course);
}

/** What says that the card has left, and not that a device is in trouble. */
const CARD_LEFT: ReadonlySet<FaultCode> = new Set(["card-removed", "card-changed", "card-mute"]);

/** A contactless card lies there only as long as its holder thinks that it is wanted. */
export function askBack({ course, tries }: StateOf<"verifying-pin"> | StateOf<"comparing">, { code }: EventOf<"card-lost">): Step {
  if (tries + 1 >= TRIES_MAX || !CARD_LEFT.has(code)) return giveUp(course, { reason: code });
  return { state: { at: "awaiting-return", course, tries: tries + 1 }, commands: [{ do: "await-card" }] };
}

export function compare({ course, tries }: StateOf<"awaiting-return">): Step {
  return { state: { at: "comparing", course, tries }, commands: [{ do: "compare-card" }] };
}

/** The holder has gone with the card. */
export function neverReturned({ course }: StateOf<"awaiting-return">): Step {
  return giveUp(course, { reason: "card-removed" });
}

export function compared({ course, tries }: StateOf<"comparing">, { same }: EventOf<"card-compared">): Step {
  return same ? verifyPin(course, tries) : giveUp(course, { reason: "card-swapped" });
}

export function giveUpStopped({ course }: { readonly course: Course }, { refusal }: EventOf<"stopped">): Step {
  return giveUp(course, refusal);
}

export function giveUpRefused({ course }: { readonly course: Course }, { message }: EventOf<"host-refused">): Step {
  return giveUp(course, { reason: "host-refused", message });
}

/** Questions book nothing, so that an answer that never came costs nothing. */
export function giveUpUnreachable({ course }: { readonly course: Course }): Step {
  return giveUp(course, { reason: "host-unreachable" });
}

/** A visit that stands cannot be taken back without a journal that names the messages: the next start goes on. */
export function giveUpForJournal({ course: { visit: entry } }: { readonly course: Course }, { code }: EventOf<"journal-failed">): Step {
  return entry === undefined ? refuse({ reason: code }) : end({ kind: "unknown", subject: entry.subject, reason: code });
}

export function visitJournalLost({ visit: entry }: { readonly visit: EntryName }, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject: entry.subject, reason: code });
}

export function hostRefused(_: unknown, { message }: EventOf<"host-refused">): Step {
  return refuse({ reason: "host-refused", message });
}

export function hostUnreachable(): Step {
  return refuse({ reason: "host-unreachable" });
}

function close({ subject, seq }: EntryName, { state, reason, outcome }: Closing): Step {
  return { state: { at: "closing", subject, outcome }, commands: [{ do: "append", entry: { state, after: { subject, seq }, reason } }] };
}

function closeUnknown(intent: EntryName, reason: Closing["reason"]): Step {
  return close(intent, { state: "unknown", reason, outcome: { kind: "unknown", subject: intent.subject, reason } });
}

/** The host's figures stand, whatever rule they break: what is booked is booked. */
export function settled({ intent }: StateOf<"settling">, { settlement }: EventOf<"settled">): Step {
  const { settlementId, visitId, total, fund, account, mutualAid, cash, flags } = settlement;
  const outcome: MedicalOutcome = { kind: "paid", subject: intent.subject, visitId, settlementId, total, fund, account, mutualAid, cash, flags };
  return { state: { at: "closing", subject: intent.subject, outcome }, commands: [{ do: "append", entry: { state: "done", after: intent, settlement } }] };
}

/** A visit whose settlement is not booked is taken back before the purchase is over. */
function notBooked({ plan, intent }: StateOf<"settling">, closing: Closing): Step {
  return plan.visit === "outpatient" ? undo(intent, closing) : close(intent, closing);
}

export function settleRefused(state: StateOf<"settling">, { message }: EventOf<"host-refused">): Step {
  return notBooked(state, refusedOf(state.intent, { reason: "host-refused", message }));
}

export function settleNotSent(state: StateOf<"settling">): Step {
  return notBooked(state, { ...refusedOf(state.intent, { reason: "request-expired" }), state: "void" });
}

/** Sent and not answered: it may be booked, now or later. Never "failed", never simply sent again. */
export function settleUndecided({ intent }: StateOf<"settling">, { reason }: EventOf<"host-undecided">): Step {
  return closeUnknown(intent, reason);
}

export function undone({ visit: entry, closing }: StateOf<"undoing">): Step {
  return close(entry, closing);
}

/** Taken back in the background, later: until then nobody is told that nothing stands. */
export function stillStanding({ visit: entry }: StateOf<"undoing">, { reason }: EventOf<"visit-standing">): Step {
  return closeUnknown(entry, reason);
}

export function closed({ outcome }: StateOf<"closing">): Step {
  return end(outcome);
}

/** What was decided could not be written: it is not said either, and the next start takes it up as unknown. */
export function closeJournalLost({ subject }: StateOf<"closing">, { code }: EventOf<"journal-failed">): Step {
  return end({ kind: "unknown", subject, reason: code });
}
