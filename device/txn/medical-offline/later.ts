/*
 * Goal: what was sold without the insurer is settled once, what the insurer pays is handed out once, and a power cut between any two steps
 * changes neither.
 * Method: each step asks the records what is true: the settlement by the reference that was fixed at the sale, the refund by its own. The
 * sale's own entries only follow them, so that a step that was cut off is made again and finds what it had done.
 */
import { assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import { addFen } from "../../base/fen.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { type EntryDraft, type Journal, OPEN_STATES } from "../journal/types.ts";
import type { MedicalOutcome } from "../medical-purchase/types.ts";
import { differencesOf } from "../medical-split/sum-rules.ts";
import type { LaterLimits, LaterOutcome, LaterPorts, LaterReason, LaterRequest, LaterSettlementRequest, OfflineView, RefundOutcome } from "./ports.ts";
import { endedDraft, findOffline, giveBackDraft, laterRequestOf, refundReference, saleMark, settledDraft, voidDraft } from "./record.ts";
import { countTenders } from "./tally.ts";

type RefundPorts = Omit<LaterPorts, "settle">;
type Refused<Reason> = { readonly kind: "refused"; readonly reason: Reason };

function refused<Reason extends LaterReason>(reason: Reason): Refused<Reason> {
  return { kind: "refused", reason };
}

/** One act at a time for each sale; a fault of the journal is a reason, and what was done stays done. */
async function alone<Outcome>(
  ports: RefundPorts,
  { reference, limits }: { readonly reference: string; readonly limits: LaterLimits },
  act: (journal: Journal) => Promise<Outcome>,
): Promise<Outcome | Refused<LaterReason>> {
  const giveBack = ports.sales.take(reference);
  if (giveBack === undefined) return refused("in-progress");
  try {
    return await act(boundedJournal(ports, { timeoutMs: limits.journalTimeoutMs }));
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    ports.log.warn("offline-sale-interrupted", { code: fault.code });
    return refused(fault.code);
  } finally {
    giveBack();
  }
}

async function append(journal: Journal, draft: EntryDraft, reference: string): Promise<OfflineView> {
  await journal.append(draft);
  const sale = await findOffline(journal, reference);
  assert(sale !== undefined, "the sale was there before this entry");
  return sale;
}

/** Settles with the insurer what was sold without it. Asking again is the same settlement. Never rejects for what the world does. */
export function settleLater(ports: LaterPorts, request: LaterRequest, limits: LaterLimits): Promise<LaterOutcome> {
  const { reference } = request;
  return alone(ports, { reference, limits }, async (journal) => {
    const sale = await findOffline(journal, reference);
    const told = sale === undefined ? refused("sale-unknown") : beforeSettlement(sale);
    if (told !== undefined || sale === undefined) return told ?? refused("sale-unknown");
    const later = laterRequestOf(await journal.entriesOf(sale.subject));
    if (later === undefined || !hasCredential(ports, request)) return refused("credential-missing");
    const outcome = await ports.settle(requestOf(later, request), limits);
    return afterSettlement(journal, sale, outcome);
  });
}

/** What there is to say without asking the insurer; undefined where it has to be asked. */
function beforeSettlement(sale: OfflineView): LaterOutcome | undefined {
  switch (sale.stage) {
    case "paying":
    case "give-back-due":
    case "void":
      return refused("sale-not-paid");
    case "refund-due":
      return { kind: "settled", sale };
    case "ended":
      return sale.choice === "reimbursement-slip" ? refused("left-to-holder") : { kind: "settled", sale };
    case "settlement-due":
      return undefined;
  }
}

function hasCredential({ region }: LaterPorts, { credential }: LaterRequest): boolean {
  return credential !== undefined || region.offline.laterCredential === "as-read";
}

/** The credential of now, or the card as it was read; never both, so that nobody has to choose. */
function requestOf(stored: LaterSettlementRequest, { credential, desk, operator }: LaterRequest): LaterSettlementRequest {
  const { asRead, ...basket } = stored;
  const holder = credential === undefined ? { ...(asRead === undefined ? {} : { asRead }) } : { credential };
  return { ...basket, ...holder, operator, ...(desk === undefined ? {} : { desk }) };
}

async function afterSettlement(journal: Journal, sale: OfflineView, outcome: MedicalOutcome): Promise<LaterOutcome> {
  switch (outcome.kind) {
    case "paid": {
      const differs = differencesOf(["total", "fund", "account", "mutualAid", "cash"], { host: outcome, terminal: sale.figures }).map(({ name }) => name);
      const { subject } = outcome;
      return { kind: "settled", sale: await append(journal, settledDraft(sale, { subject, figures: outcome, differs }), sale.reference), outcome };
    }
    case "refused": {
      const { subject: _, ...refusal } = outcome;
      return refusal;
    }
    case "unknown":
      return { kind: "unknown", reason: outcome.reason };
    case "no-card":
      return outcome;
  }
}

/** The counter hands out what is due. Asking again is the same refund. Never rejects for what the world does. */
export function payRefund(ports: RefundPorts, request: Pick<LaterRequest, "reference" | "operator">, limits: LaterLimits): Promise<RefundOutcome> {
  const { reference, operator } = request;
  return alone(ports, { reference, limits }, async (journal): Promise<RefundOutcome> => {
    const sale = await findOffline(journal, reference);
    if (sale === undefined) return refused("sale-unknown");
    return handOut(ports, journal, { sale, operator });
  });
}

interface HandOut {
  readonly sale: OfflineView;
  readonly operator: string;
}

/** Hands out what is due, then lets the sale's record follow. */
async function handOut(ports: RefundPorts, journal: Journal, { sale, operator }: HandOut): Promise<RefundOutcome> {
  const { reference, order, refundDue, stage } = sale;
  if (refundDue > 0) {
    const why = stage === "give-back-due" ? "order-void" : "offline-difference";
    await ports.tenders.refundCash({ reference: refundReference(reference), amount: refundDue, operator, order, why });
  }
  const now = await findOffline(journal, reference);
  assert(now !== undefined, "the sale was there before its refund");
  if (now.refunded === 0 && now.stage !== "void") return refused("nothing-due");
  if (!now.open) return { kind: "paid", sale: now };
  return { kind: "paid", sale: await append(journal, now.stage === "void" ? voidDraft(now) : endedDraft(now), reference) };
}

/** Takes a sale back that was not settled yet: all that was taken is due, and handed out. Never rejects for what the world does. */
export function giveBackOffline(ports: RefundPorts, request: Pick<LaterRequest, "reference" | "operator">, limits: LaterLimits): Promise<RefundOutcome> {
  const { reference, operator } = request;
  return alone(ports, { reference, limits }, async (journal): Promise<RefundOutcome> => {
    const sale = await findOffline(journal, reference);
    if (sale === undefined) return refused("sale-unknown");
    if (sale.stage === "give-back-due" || sale.stage === "void") return handOut(ports, journal, { sale, operator });
    const why = await cannotBeGivenBack(journal, sale);
    if (why !== undefined) return refused(why);
    const tally = await countTenders({ ...ports, journal }, sale);
    if (tally.unknown) return refused("tender-unknown");
    const due = addFen(tally.paid, tally.held);
    if (due === 0) return { kind: "paid", sale: await append(journal, voidDraft(sale), reference) };
    // A sale with a slip has ended; its refund alone says that it was taken back.
    const owing = sale.open ? await append(journal, giveBackDraft(sale, due), reference) : { ...sale, stage: "give-back-due" as const, refundDue: due };
    return handOut(ports, journal, { sale: owing, operator });
  });
}

/** Once the insurer has booked, or may have, the settlement is taken back first, and that is not done here. */
async function cannotBeGivenBack(journal: Journal, sale: OfflineView): Promise<LaterReason | undefined> {
  const subject = await journal.mark(saleMark(sale.settlementReference));
  const last = subject === undefined ? undefined : (await journal.entriesOf(subject)).at(-1);
  if (last === undefined) return undefined;
  if (OPEN_STATES.includes(last.state)) return "settlement-unknown";
  return last.state === "done" ? "already-settled" : undefined;
}

/** Sales without the insurer for which something is still to be done, oldest first. Faults: those of the journal. */
export async function openOffline(journal: Journal, limit: number): Promise<readonly OfflineView[]> {
  const open = await journal.openSubjects({ kind: "offline-medical", limit });
  const found: OfflineView[] = [];
  for (const { subject } of open) {
    const [first] = await journal.entriesOf(subject);
    const reference = first?.detail["reference"];
    const sale = typeof reference === "string" ? await findOffline(journal, reference) : undefined;
    if (sale !== undefined) found.push(sale);
  }
  return found;
}
