/*
 * Goal: every record that owes the acquirer a message is found, once, whatever happened in between.
 * Method: the journal is read on from a durable place; each record that owes gets an upload of its own, with a mark by which it is not begun
 * twice. The place is only a help: read again from an earlier one, the same uploads are found.
 */
import { fen } from "../../base/fen.ts";
import type { JournalStore, StoredEntry } from "../../base/ports.ts";
import { isObject, parseJson } from "../../codec/json.ts";
import type { JournalEntry, Movement } from "../journal/types.ts";
import type { BatchJournal } from "./batch-ports.ts";
import { owesScriptResult } from "./script-results.ts";
import { owedDraft, uploadMark } from "./upload-record.ts";
import { owesUpload } from "./upload-sale.ts";
import type { UploadKind } from "./upload-types.ts";

const THROUGH_MARK = "bank/told-through";
const PAGE = 256;
/** Pages of one look; the rest waits for the next. */
const PAGES_MAX = 64;
/** Movements after which the place is noted although nothing was found. */
const NOTE_EVERY = 1024;

const OWING: readonly string[] = ["quick-payment", "bank-payment"];
const FINAL: readonly string[] = ["done", "void", "refused"];

export class OwedUploads {
  readonly #journal: BatchJournal;
  /** Undefined until the place was read. */
  #through: number | undefined;
  #noted = 0;

  constructor(journal: BatchJournal) {
    this.#journal = journal;
  }

  /** True when the journal was read to its end. Faults: those of the journal. */
  async gather(): Promise<boolean> {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const through = this.#through ?? (await this.#start());
      const movements = await this.#journal.movements(through + 1, PAGE);
      for (const movement of movements) await this.#look(movement);
      this.#through = movements.at(-1)?.seq ?? through;
      await this.#notePlace();
      if (movements.length < PAGE) return true;
    }
    return false;
  }

  async #start(): Promise<number> {
    this.#noted = Number((await this.#journal.mark(THROUGH_MARK)) ?? 0);
    this.#through = this.#noted;
    return this.#noted;
  }

  async #look({ seq, kind, state }: Movement): Promise<void> {
    if (!OWING.includes(kind) || !FINAL.includes(state)) return;
    const [entry] = await this.#journal.entries(seq, 1);
    const owed = entry === undefined ? undefined : kindOwed(entry);
    if (entry === undefined || owed === undefined) return;
    if ((await this.#journal.mark(uploadMark(owed, entry.subject))) !== undefined) return;
    await this.#journal.append(owedDraft(owed, entry));
  }

  async #notePlace(): Promise<void> {
    const through = this.#through ?? 0;
    if (through - this.#noted < NOTE_EVERY) return;
    await this.#journal.setMarks([{ name: THROUGH_MARK, value: String(through) }]);
    this.#noted = through;
  }
}

/** Records that owe a message and have no upload yet, in a journal that nobody has open. Faults: those of the store. */
export async function owedIn(store: Pick<JournalStore, "entries" | "mark">): Promise<number> {
  let owed = 0;
  let next = Number((await store.mark(THROUGH_MARK)) ?? 0) + 1;
  for (;;) {
    const page = await store.entries(next, PAGE);
    for (const stored of page) {
      const kind = FINAL.includes(stored.state) && OWING.includes(stored.kind) ? kindOwed(owingOf(stored)) : undefined;
      if (kind !== undefined && (await store.mark(uploadMark(kind, stored.subject))) === undefined) owed += 1;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return owed;
    next = last.seq + 1;
  }
}

/** What decides whether a record owes; nothing personal is opened. */
function owingOf({ kind, state, body }: StoredEntry): Owing {
  const parsed = parseJson(body);
  const members = parsed.ok && isObject(parsed.value) ? parsed.value : {};
  const { detail, amountFen } = members;
  // States and kinds were compared with ours before.
  const words = { kind: kind as JournalEntry["kind"], state: state as JournalEntry["state"] };
  return { ...words, amount: fen(typeof amountFen === "number" ? amountFen : 0), detail: isObject(detail) ? detail : {} };
}

type Owing = Pick<JournalEntry, "kind" | "state" | "amount" | "detail">;

function kindOwed(entry: Owing): UploadKind | undefined {
  if (owesUpload(entry)) return "offline-upload";
  return owesScriptResult(entry) ? "script-result" : undefined;
}
