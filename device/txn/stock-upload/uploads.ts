/* The queue of uploads as an order and a counter see it. Spec: FSI, 3505. Spec: FSI, 3506. */

import type { Clock } from "../../base/ports.ts";
import { WorkRow } from "../../base/work-row.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { Journal } from "../journal/types.ts";
import type { MedicalProfile } from "../medical-host/profile.ts";
import { enqueuedDraft, laterDraft, markOf, parkedView, RETURNED_UNTOLD, type RecordedUpload, readUpload } from "./record.ts";
import { stockRows } from "./rows.ts";
import type { ParkedUpload, StockUploadRequest, StockUploads } from "./types.ts";

export interface StockUploadOptions {
  readonly ports: { readonly journal: Journal; readonly clock: Clock; readonly suite: Pick<CipherSuite, "sm3">; readonly medical: MedicalProfile };
  readonly journalTimeoutMs: number;
  /** Something is there to be told: the background looks at once. */
  readonly wake: () => void;
}

export function createStockUploads(options: StockUploadOptions): StockUploads {
  return new DurableUploads(options);
}

class DurableUploads implements StockUploads {
  readonly #options: StockUploadOptions;
  readonly #journal: Journal;
  /** One act at a time: what an act has read still holds when it writes. */
  readonly #row = new WorkRow("uploads of goods");

  constructor(options: StockUploadOptions) {
    this.#options = options;
    this.#journal = boundedJournal(options.ports, { timeoutMs: options.journalTimeoutMs });
  }

  enqueue(request: StockUploadRequest): Promise<{ readonly subject: string }> {
    return this.#row.run(async () => {
      const known = await this.#journal.mark(`sale/${request.reference}`);
      const subject = known ?? (await this.#begin(request));
      if (request.act === "return") await this.#dropParkedSale(request.order);
      if (known === undefined) this.#options.wake();
      return { subject };
    });
  }

  async #begin(request: StockUploadRequest): Promise<string> {
    const { suite, medical } = this.#options.ports;
    const rows = stockRows(request, { suite, medical, terminalId: this.#journal.terminalId });
    return (await this.#journal.append(enqueuedDraft(request, rows))).subject;
  }

  /** A parked sale that was taken back needs nobody any more: the rest of it is not told, and its return is told for what was. */
  async #dropParkedSale(order: string): Promise<void> {
    const subject = await this.#journal.mark(markOf(order, "sale"));
    const sale = subject === undefined ? undefined : await this.#read(subject);
    if (sale?.parked !== true) return;
    await this.#journal.append(laterDraft(sale, { state: "void", more: { reason: RETURNED_UNTOLD } }));
  }

  async parked(limit: number): Promise<readonly ParkedUpload[]> {
    const found: ParkedUpload[] = [];
    for await (const { subject, state } of eachOpenSubject(this.#journal, "stock-upload")) {
      if (found.length >= limit) break;
      const upload = state === "unknown" ? await this.#read(subject) : undefined;
      if (upload !== undefined) found.push(parkedView(upload));
    }
    return found;
  }

  retry(subject: string, { operator }: { readonly operator: string }): Promise<"waiting" | "not-parked"> {
    return this.#row.run(async () => {
      const upload = await this.#read(subject);
      if (upload?.parked !== true) return "not-parked";
      await this.#journal.append(laterDraft(upload, { state: "resolving", more: { operator } }));
      this.#options.wake();
      return "waiting";
    });
  }

  dismiss(subject: string, { operator }: { readonly operator: string }): Promise<"dismissed" | "not-parked"> {
    return this.#row.run(async () => {
      const upload = await this.#read(subject);
      if (upload?.parked !== true) return "not-parked";
      await this.#journal.append(laterDraft(upload, { state: "refused", more: { operator, reason: "dismissed" }, message: parkedView(upload).message }));
      // A return of the same order may have waited for it.
      this.#options.wake();
      return "dismissed";
    });
  }

  /** Undefined for whatever is no upload. */
  async #read(subject: string): Promise<RecordedUpload | undefined> {
    const entries = await this.#journal.entriesOf(subject);
    return entries[0]?.kind === "stock-upload" ? readUpload(entries) : undefined;
  }
}
