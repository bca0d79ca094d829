/*
 * Goal: whatever a service changes is a record: durable before anything is done, ended when its end is known, and done once by its reference.
 * Method: an operation begins with an intent that holds the ids of all requests it will make; its end holds what the counter was told, so that
 * the same reference is answered with the same words. What is not decided stays open and is taken up again under the same ids.
 */
import { toHex, utf8 } from "../../base/bytes.ts";
import { ZERO_FEN } from "../../base/fen.ts";
import { canonicalJson } from "../../codec/json.ts";
import { operationOf, textMember } from "../journal/members.ts";
import type { EntryDraft, Journal, JournalEntry, JsonObject, RecordState } from "../journal/types.ts";
import { OPEN_STATES } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import type { CardServicePorts } from "./ports.ts";
import { refuse } from "./refusals.ts";

/** Word that marks the operations of this folder among all operations. */
export const SERVICE_OPERATION = "card-service";
const HASH_BYTES = 16;

export function serviceMark(reference: string): string {
  return `service/${reference}`;
}

export type ChangingRequest =
  | Extract<CardServiceRequest, { readonly reference: string }>
  | (Extract<CardServiceRequest, { service: "change-pin" }> & { readonly reference: string });

/** Whether a document was shown when the operation began. Records of before kinds were told say yes or no, and those without a word began with one. */
export function wasShown({ detail }: { readonly detail: JsonObject }): boolean {
  const { documentShown } = detail;
  return documentShown !== false && documentShown !== "none";
}

export interface OperationIntent {
  /** Card number by which the operation is found when the card returns. */
  readonly card?: string;
  readonly detail: JsonObject;
  readonly personal?: JsonObject;
}

export type Found =
  | { readonly kind: "new" }
  | { readonly kind: "ended"; readonly outcome: CardServiceOutcome }
  | { readonly kind: "open"; readonly operation: Operation };

/** What is known of a reference. Faults: those of the journal. */
export async function findOperation(ports: Pick<CardServicePorts, "journal" | "suite" | "storageKey">, request: ChangingRequest): Promise<Found> {
  const subject = await ports.journal.mark(serviceMark(request.reference));
  if (subject === undefined) return { kind: "new" };
  const operation = await openOperation(ports.journal, subject);
  if (operation === undefined || textMember(operation.detail, "request") !== requestHash(ports, request)) {
    return { kind: "ended", outcome: refuse("reference-used") };
  }
  return operation.open ? { kind: "open", operation } : { kind: "ended", outcome: operation.toldOutcome };
}

/** Durable when it resolves: the intent, before anything is done. Faults: those of the journal. */
export async function beginOperation(
  ports: Pick<CardServicePorts, "journal" | "suite" | "storageKey">,
  request: ChangingRequest,
  { card, detail, personal }: OperationIntent,
): Promise<Operation> {
  const { journal } = ports;
  const { service, reference, operator } = request;
  const draft: EntryDraft = {
    kind: "operation",
    state: "prepared",
    amount: ZERO_FEN,
    detail: { operation: SERVICE_OPERATION, service, reference, operator, request: requestHash(ports, request), ...detail },
    ...(card === undefined ? {} : { card }),
    ...(personal === undefined ? {} : { personal }),
    subjectMark: serviceMark(reference),
  };
  return new Operation(journal, [await journal.append(draft)]);
}

/** An operation of this folder by its subject; undefined for anything else. Faults: those of the journal. */
export async function openOperation(journal: Journal, subject: string): Promise<Operation | undefined> {
  const entries = await journal.entriesOf(subject);
  return operationOf(entries[0]?.detail) === SERVICE_OPERATION ? new Operation(journal, entries) : undefined;
}

/** The request without its operator, whom nobody can ask to be the same after a shift; a keyed hash, because a request names people. */
function requestHash({ suite, storageKey }: Pick<CardServicePorts, "suite" | "storageKey">, { operator: _operator, ...request }: ChangingRequest): string {
  return toHex(suite.hmacSm3(storageKey, utf8(`yikatong service request ${canonicalJson(request)}`)).slice(0, HASH_BYTES));
}

export class Operation {
  readonly subject: string;
  readonly #journal: Journal;
  #entries: readonly JournalEntry[];

  constructor(journal: Journal, entries: readonly JournalEntry[]) {
    this.#journal = journal;
    this.#entries = entries;
    this.subject = entries[0]?.subject ?? "";
  }

  /** Everything that its entries say; later ones outweigh. */
  get detail(): JsonObject {
    return mergedDetail(this.#entries);
  }

  get personal(): JsonObject {
    return Object.assign({}, ...this.#entries.map(({ personal }) => personal ?? {})) as JsonObject;
  }

  get open(): boolean {
    const state = this.#entries.at(-1)?.state;
    return state !== undefined && OPEN_STATES.includes(state);
  }

  /** What the counter was told at the end. */
  get toldOutcome(): CardServiceOutcome {
    const told = this.detail["outcome"];
    // Written by `end` alone.
    return typeof told === "object" && told !== null
      ? this.#named(told as unknown as CardServiceOutcome)
      : { kind: "unknown", reason: "not-told", subject: this.subject };
  }

  /** A step that must be durable before what follows it. */
  note(detail: JsonObject, personal?: JsonObject): Promise<void> {
    const state = this.#entries.at(-1)?.state;
    return this.#append(state === "unknown" || state === "resolving" ? "resolving" : "acting", detail, personal);
  }

  /** The other side may have acted, or a part is still to be done. */
  async leaveOpen(reason: string, detail: JsonObject = {}): Promise<CardServiceOutcome> {
    await this.#waitFor(reason, detail);
    return { kind: "unknown", reason, subject: this.subject };
  }

  /** Done for the holder, while the agency still waits to be told. */
  async leaveQueued(outcome: CardServiceOutcome): Promise<CardServiceOutcome> {
    await this.#waitFor("waits-for-agency", {});
    return this.#named(outcome);
  }

  /** It is looked at again and again: a look that proves nothing new is not worth an entry. */
  async #waitFor(reason: string, detail: JsonObject): Promise<void> {
    const last = this.#entries.at(-1);
    const stands = last?.state === "unknown" && textMember(last.detail, "reason") === reason && Object.keys(detail).length === 0;
    if (!stands) await this.#append("unknown", { ...detail, reason });
  }

  async end(outcome: CardServiceOutcome, detail: JsonObject = {}): Promise<CardServiceOutcome> {
    // An outcome is plain JSON by its type.
    await this.#append(outcome.kind === "done" ? "done" : "refused", { ...detail, outcome: JSON.parse(JSON.stringify(outcome)) as JsonObject });
    return this.#named(outcome);
  }

  #named(outcome: CardServiceOutcome): CardServiceOutcome {
    return outcome.kind === "done" || outcome.kind === "unknown" ? { ...outcome, subject: this.subject } : outcome;
  }

  async #append(state: RecordState, detail: JsonObject, personal?: JsonObject): Promise<void> {
    const last = this.#entries.at(-1);
    const entry = await this.#journal.append({
      subject: this.subject,
      kind: "operation",
      state,
      amount: ZERO_FEN,
      detail: { operation: SERVICE_OPERATION, service: textMember(last?.detail, "service"), ...detail },
      ...(personal === undefined ? {} : { personal }),
    });
    this.#entries = [...this.#entries, entry];
  }
}
