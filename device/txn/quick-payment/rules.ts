/* The decisions of the quick-payment machine, one small function each. The table in machine.ts says when each of them applies. */
import type {
  CardName,
  EntryName,
  EntryWish,
  EventOf,
  Failure,
  Next,
  OpenSale,
  Proof,
  PurseEvidence,
  QuickPaymentOutcome,
  Reason,
  Sale,
  StateOf,
  Step,
} from "./types.ts";

/** How often a holder may present a card that cannot be read, before and after the debit. */
export const TRIES_MAX = 16;
/** How often one sale may begin with a new intent after a torn one. */
export const ATTEMPTS_MAX = 3;
/** A card that fails at once must not turn the wait for it into a busy loop. */
const TRY_PAUSE_MS = 50;

/** Status words 65xx say that memory may have changed, so they are no refusal. Spec: ISO/IEC 7816-4, status bytes. */
function memoryMayHaveChanged(statusWord: number): boolean {
  return statusWord >>> 8 === 0x65;
}

/**
 * Refusals that say more than no. 9401 is the one that the holder can do something about. Spec: PBOC purse, status words. The others speak of
 * amounts held on the card and of the record that goes with a sale. Spec: JR/T 0025, extension for small payments.
 */
const REFUSALS: ReadonlyMap<number, Reason> = new Map([
  [0x9401, "insufficient-funds"],
  [0x6971, "held-too-often"],
  [0x6972, "held-already"],
  [0x6973, "nothing-held"],
  [0x6974, "record-not-cached"],
]);

function refusalReason(statusWord: number): Reason {
  return REFUSALS.get(statusWord) ?? "card-refused";
}

export function end(outcome: QuickPaymentOutcome): Step {
  return { state: { at: "ended", outcome }, commands: [{ do: "release-module" }] };
}

function unknownEnd(subject: string, reason: Reason): Step {
  return end({ kind: "unknown", subject, reason });
}

/** The reason of a debit whose confirmation was refused: MAC2 by the module, or the card's signature by its keys. */
function refusedConfirmation({ confirmation }: Sale): Reason {
  return confirmation === "psam" ? "mac2-refused" : "signature-refused";
}

/** The answer for a sale whose record is done: goods only when the debit was confirmed, or inside the limited policy. */
function doneOutcome(done: { readonly subject: string; readonly proof: Proof; readonly refused: boolean }, sale: Sale): QuickPaymentOutcome {
  const { subject, proof } = done;
  if (proof === sale.confirmation) return { kind: "paid", subject, amount: sale.amount, verified: true, proof };
  if (done.refused) return { kind: "unverified", subject, amount: sale.amount, proof, reason: refusedConfirmation(sale) };
  if (sale.amount > sale.unverifiedLimit) return { kind: "unverified", subject, amount: sale.amount, proof, reason: "module-session-lost" };
  return { kind: "paid", subject, amount: sale.amount, verified: false, proof };
}

function append(entry: EntryWish, subject: string, next: Next): Step {
  return { state: { at: "closing", subject, next }, commands: [{ do: "append", entry }] };
}

export function awaitCard(attempt: number, tries: number): Step {
  return { state: { at: "awaiting-card", attempt, tries }, commands: [{ do: "await-card", pauseMs: tries === 0 ? 0 : TRY_PAUSE_MS }] };
}

export function lookedUp(_: StateOf<"looking-up">, { known }: EventOf<"looked-up">, sale: Sale): Step {
  switch (known.kind) {
    case "new":
      return awaitCard(1, 0);
    case "in-progress":
      return end({ kind: "refused", reason: "in-progress" });
    case "conflict":
      return end({ kind: "refused", reason: "reference-conflict" });
    case "paid":
      return end(doneOutcome(known, sale));
    case "open":
      return awaitReturn(known.open);
  }
}

export function endNoCard(): Step {
  return end({ kind: "no-card" });
}

export function identify(state: StateOf<"awaiting-card">): Step {
  return { state: { at: "identifying", attempt: state.attempt, tries: state.tries }, commands: [{ do: "identify" }] };
}

/** Nothing has been asked of the card but to be read: it may simply be presented again. */
export function presentAgain(state: StateOf<"identifying">, event: EventOf<"card-lost">): Step {
  const tries = state.tries + 1;
  return tries < TRIES_MAX ? awaitCard(state.attempt, tries) : end({ kind: "refused", reason: event.code });
}

/** Also for a card that could still settle earlier sales but may not pay any more. */
export function refuseCard(_: unknown, event: EventOf<"card-unusable">): Step {
  return end({ kind: "refused", reason: event.reason, ...(event.statusWord === undefined ? {} : { statusWord: event.statusWord }) });
}

function settleEarlier(card: CardName, attempt: number): Step {
  return { state: { at: "settling-earlier", card, attempt }, commands: [{ do: "settle-earlier", card }] };
}

export function settleEarlierFirst(state: StateOf<"identifying">, { card }: EventOf<"card-identified">): Step {
  return settleEarlier(card, state.attempt);
}

export function earlierCardLost(state: StateOf<"settling-earlier">, event: EventOf<"card-lost">): Step {
  return state.attempt < ATTEMPTS_MAX ? awaitCard(state.attempt + 1, 1) : end({ kind: "refused", reason: event.code });
}

export function refuseEarlier(): Step {
  return end({ kind: "refused", reason: "earlier-sale-open" });
}

export function refuseForJournal(_: unknown, event: EventOf<"journal-failed">): Step {
  return end({ kind: "refused", reason: event.code });
}

/** The intent goes to the disk while the card opens the purchase: neither moves money. */
export function prepare({ card, attempt }: StateOf<"settling-earlier">): Step {
  return { state: { at: "preparing", card, attempt }, commands: [{ do: "append-intent" }, { do: "open-on-card" }] };
}

export function refuseForLimit(_: StateOf<"preparing">, event: EventOf<"limit-reached">): Step {
  return end({ kind: "refused", reason: event.limit });
}

export function openInModule(state: StateOf<"preparing">): Step {
  return { state, commands: state.failure === undefined ? [{ do: "open-in-module" }] : [] };
}

/**
 * Once both halves are there, the debit; where one has failed, the end of the subject as soon as it has a name. An entry that is on its way
 * is waited for first, because whatever follows names it.
 */
function proceed(state: StateOf<"preparing">): Step {
  const { card, attempt, intent, opened, failure, correction } = state;
  if (intent === undefined || correction === "under-way") return { state, commands: [] };
  if (failure !== undefined) return abandon(state, intent, failure);
  const commands: Step["commands"] = [{ do: "append", entry: { state: "acting", after: intent } }];
  if (correction === "due") return { state: { ...state, correction: "under-way" }, commands };
  if (opened === undefined) return { state, commands: [] };
  if (opened.asReserved) return debit({ card, attempt, intent });
  return { state: { at: "correcting", card, attempt, intent }, commands };
}

/** The intent, or what the card has decided since. */
export function intentDurable(state: StateOf<"preparing">, { entry }: EventOf<"entry-durable">): Step {
  if (state.correction !== "under-way") return proceed({ ...state, intent: entry });
  const { correction: _, ...corrected } = state;
  return proceed({ ...corrected, intent: entry });
}

/** What the card has decided becomes durable while the card is asked for the rest: neither waits for the other. */
export function recordDecision(state: StateOf<"preparing">): Step {
  return state.correction === undefined ? proceed({ ...state, correction: "due" }) : { state, commands: [] };
}

/** An intent that has become durable stays open in the journal; no debit was sent and none will be. */
export function prepareJournalLost(state: StateOf<"preparing">, event: EventOf<"journal-failed">): Step {
  return state.intent === undefined ? refuseForJournal(state, event) : unknownEnd(state.intent.subject, event.code);
}

export function moduleOpened(state: StateOf<"preparing">, { asReserved }: EventOf<"module-opened">): Step {
  return proceed({ ...state, opened: { asReserved } });
}

export function prepareRefused(state: StateOf<"preparing">, { statusWord }: EventOf<"card-refused">): Step {
  return proceed({ ...state, failure: { state: "refused", reason: refusalReason(statusWord), statusWord, again: false } });
}

export function prepareDeclined(state: StateOf<"preparing">, { reason }: EventOf<"card-declined">): Step {
  return proceed({ ...state, failure: { state: "refused", reason, again: false } });
}

export function prepareModuleFailed(state: StateOf<"preparing">, { code }: EventOf<"module-failed">): Step {
  return proceed({ ...state, failure: { state: "void", reason: code, again: false } });
}

/** INITIALIZE moves no money, whatever became of it. */
export function prepareCardLost(state: StateOf<"preparing">, { code }: EventOf<"card-lost">): Step {
  return proceed({ ...state, failure: { state: "void", reason: code, again: true } });
}

interface Debiting {
  readonly card: CardName;
  readonly attempt: number;
  readonly intent: EntryName;
}

function debit({ card, attempt, intent }: Debiting): Step {
  return { state: { at: "debiting", card, attempt, intent }, commands: [{ do: "debit" }] };
}

export function corrected(state: StateOf<"correcting">, { entry }: EventOf<"entry-durable">): Step {
  return debit({ ...state, intent: entry });
}

/** The intent stays open in the journal; no debit was sent and none will be. */
export function journalLost(state: StateOf<"correcting">, event: EventOf<"journal-failed">): Step {
  return unknownEnd(state.intent.subject, event.code);
}

function abandon({ attempt }: { readonly attempt: number }, intent: EntryName, failure: Failure): Step {
  const { state, reason, statusWord } = failure;
  const sw = statusWord === undefined ? {} : { statusWord };
  const next: Next =
    failure.again && attempt < ATTEMPTS_MAX
      ? { kind: "again", card: undefined, attempt: attempt + 1 }
      : { kind: "end", outcome: { kind: "refused", reason, subject: intent.subject, ...sw } };
  return append({ state, after: intent, reason, ...sw }, intent.subject, next);
}

function noteUnknown(state: Debiting, reason: Reason, moduleMayCheck: boolean): Step {
  const open: OpenSale = { entry: state.intent, cardName: state.card.name, attempt: state.attempt, reason, moduleMayCheck, tries: 0 };
  return { state: { at: "noting-unknown", open }, commands: [{ do: "append", entry: { state: "unknown", after: state.intent, reason } }] };
}

export function confirm(state: StateOf<"debiting">): Step {
  return { state: { at: "checking", card: state.card, attempt: state.attempt, intent: state.intent }, commands: [{ do: "confirm" }] };
}

export function debitRefused(state: StateOf<"debiting">, { statusWord }: EventOf<"card-refused">): Step {
  if (memoryMayHaveChanged(statusWord)) return noteUnknown(state, "card-refused", true);
  return abandon(state, state.intent, { state: "refused", reason: refusalReason(statusWord), statusWord, again: false });
}

/** A debit without an answer is never "failed": only what was certainly not sent is void. */
export function debitLost(state: StateOf<"debiting">, { code, effectUnknown }: EventOf<"card-lost">): Step {
  if (effectUnknown) return noteUnknown(state, code, true);
  return abandon(state, state.intent, { state: "void", reason: code, again: true });
}

export function confirmed(state: StateOf<"checking">, { answer }: EventOf<"confirmed">, sale: Sale): Step {
  const { intent } = state;
  if (answer === "refused") return noteUnknown(state, refusedConfirmation(sale), false);
  if (answer === "no-session") return noteUnknown(state, "module-session-lost", false);
  const proof = sale.confirmation;
  const outcome = doneOutcome({ subject: intent.subject, proof, refused: false }, sale);
  return append({ state: "done", after: intent, proof }, intent.subject, { kind: "end", outcome });
}

/** The module may be asked once; it was. */
export function checkFailed(state: StateOf<"checking">): Step {
  return noteUnknown(state, "module-failed", false);
}

function awaitReturn(open: OpenSale): Step {
  return { state: { at: "awaiting-return", open }, commands: [{ do: "await-card", pauseMs: open.tries === 0 ? 0 : TRY_PAUSE_MS }] };
}

export function unknownNoted({ open }: StateOf<"noting-unknown">, { entry }: EventOf<"entry-durable">): Step {
  return awaitReturn({ ...open, entry });
}

export function openJournalLost({ open }: { readonly open: OpenSale }, event: EventOf<"journal-failed">): Step {
  return unknownEnd(open.entry.subject, event.code);
}

export function neverReturned({ open }: StateOf<"awaiting-return">): Step {
  return unknownEnd(open.entry.subject, "card-never-returned");
}

export function identifyReturn({ open }: StateOf<"awaiting-return">): Step {
  return { state: { at: "identifying-return", open }, commands: [{ do: "identify" }] };
}

/** Another card first leaves the record grey: it stays open for its own card, and the other card pays nothing for it. */
export function returnIdentified({ open }: StateOf<"identifying-return">, { card }: EventOf<"card-identified">): Step {
  if (card.name !== open.cardName) return unknownEnd(open.entry.subject, "another-card");
  return { state: { at: "proving", open }, commands: [{ do: "prove", subject: open.entry.subject }] };
}

export function returnUnusable({ open }: StateOf<"identifying-return">): Step {
  return unknownEnd(open.entry.subject, "another-card");
}

export function returnLost({ open }: { readonly open: OpenSale }): Step {
  const tries = open.tries + 1;
  return tries < TRIES_MAX ? awaitReturn({ ...open, tries }) : unknownEnd(open.entry.subject, "card-never-returned");
}

function closeByCard(open: OpenSale, proof: Proof, sale: Sale): Step {
  const { entry, reason } = open;
  const outcome = doneOutcome({ subject: entry.subject, proof, refused: reason === refusedConfirmation(sale) }, sale);
  return append({ state: "done", after: entry, resolution: true, proof, reason, unverified: true }, entry.subject, { kind: "end", outcome });
}

/** The card proves that it was not debited: this subject ends, and the same sale may begin again as a new one. */
function closeVoid(open: OpenSale, sale: Sale): Step {
  const { entry, attempt, cardName } = open;
  const forged = open.reason === refusedConfirmation(sale);
  const next: Next =
    attempt < ATTEMPTS_MAX && !forged
      ? { kind: "again", card: { name: cardName }, attempt: attempt + 1 }
      : { kind: "end", outcome: { kind: "refused", reason: forged ? open.reason : "torn-too-often", subject: entry.subject } };
  const step = append({ state: "void", after: entry, resolution: true, reason: "not-debited" }, entry.subject, next);
  return { ...step, commands: [...step.commands, { do: "release-module" }] };
}

export function evidenceRead({ open }: StateOf<"proving">, { evidence }: EventOf<"evidence-read">, sale: Sale): Step {
  const { subject } = open.entry;
  switch (evidence.kind) {
    case "not-debited":
      return closeVoid(open, sale);
    case "undecidable":
      return unknownEnd(subject, evidence.why);
    case "closed-as":
      if (evidence.state === "done") return end(doneOutcome({ subject, proof: evidence.proof, refused: open.reason === refusedConfirmation(sale) }, sale));
      return end({ kind: "refused", reason: "closed-without-payment", subject });
    case "debited":
      return closeOrConfirm(open, evidence, sale);
  }
}

/** What the proof confirms by itself is done; a proof that a module can still confirm goes to it, once; any other stands on the card's word. */
function closeOrConfirm(open: OpenSale, evidence: Extract<PurseEvidence, { readonly kind: "debited" }>, sale: Sale): Step {
  const { proof, refused } = evidence;
  if (refused === true) return closeByCard({ ...open, reason: refusedConfirmation(sale) }, proof, sale);
  if (proof === sale.confirmation) return closeConfirmed(open, sale);
  if (proof !== "log" || !open.moduleMayCheck) return closeByCard(open, proof, sale);
  return { state: { at: "checking-proof", open: { ...open, moduleMayCheck: false } }, commands: [{ do: "confirm" }] };
}

function closeConfirmed({ entry }: OpenSale, sale: Sale): Step {
  const proof = sale.confirmation;
  const outcome = doneOutcome({ subject: entry.subject, proof, refused: false }, sale);
  return append({ state: "done", after: entry, resolution: true, proof }, entry.subject, { kind: "end", outcome });
}

export function proofChecked({ open }: StateOf<"checking-proof">, { answer }: EventOf<"confirmed">, sale: Sale): Step {
  if (answer === "refused") return closeByCard({ ...open, reason: refusedConfirmation(sale) }, "log", sale);
  return answer === "no-session" ? closeByCard(open, "log", sale) : closeConfirmed(open, sale);
}

export function proofCheckFailed({ open }: StateOf<"checking-proof">, _: EventOf<"module-failed">, sale: Sale): Step {
  return closeByCard(open, "log", sale);
}

export function closed({ next }: StateOf<"closing">): Step {
  if (next.kind === "end") return end(next.outcome);
  if (next.card !== undefined) return settleEarlier(next.card, next.attempt);
  const step = awaitCard(next.attempt, 1);
  return { ...step, commands: [{ do: "release-module" }, ...step.commands] };
}

/** What was decided could not be written: it is not said either. */
export function closeJournalLost({ subject }: StateOf<"closing">, event: EventOf<"journal-failed">): Step {
  return unknownEnd(subject, event.code);
}
