/*
 * Goal: every record that owes the acquirer a message is found, once, whatever happened in between.
 * Method: the journal is read on from a durable place; each record that owes gets an upload of its own, with a mark by which it is not begun
 * twice. The place is only a help: read again from an earlier one, the same uploads are found.
 */
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

function kindOwed(entry: JournalEntry): UploadKind | undefined {
  if (owesUpload(entry)) return "offline-upload";
  return owesScriptResult(entry) ? "script-result" : undefined;
}
