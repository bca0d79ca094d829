/*
 * Goal: a load and its bank leg end the same way, whenever power goes between their two last entries.
 * Method: a leg is taken back before its load ends as void, and ends as done after its load; each start finishes what was cut between the two.
 */
import type { Log } from "../../base/log.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { Journal, JsonObject, OpenSubject, RecordKind } from "../journal/types.ts";
import { isOpenLeg, legDraft, legOf, loadDraft, type RecordedLeg, type RecordedLoad, readLeg, readLoad, undoneLeg } from "./load-record.ts";

const PAGE = 100;

export interface LoadBooksPorts {
  readonly journal: Journal;
  readonly log: Log;
}

export interface LoadClosing {
  readonly state: "done" | "void" | "refused";
  readonly more: JsonObject;
  /** What the bank leg adds at its end. */
  readonly leg?: { readonly detail: JsonObject; readonly sealed: JsonObject };
}

export class LoadBooks {
  readonly #journal: Journal;
  readonly #log: Log;

  constructor({ journal, log }: LoadBooksPorts) {
    this.#journal = journal;
    this.#log = log;
  }

  async read(subject: string): Promise<RecordedLoad | undefined> {
    return readLoad(await this.#journal.entriesOf(subject));
  }

  /** Faults: those of the journal. */
  async close(load: RecordedLoad, { state, more, leg }: LoadClosing): Promise<RecordedLoad | undefined> {
    if (state !== "done") await this.#undo(await legOf(this.#journal, load.subject), "load-not-credited", leg);
    const entry = await this.#journal.append({ ...loadDraft(load, state, more), resolves: load.last.seq });
    if (state === "done") await this.#finish(await legOf(this.#journal, load.subject), leg);
    this.#log.info("purse-load-closed", { subject: load.subject, state });
    return readLoad([entry]);
  }

  /** Loads that this card has not decided yet, oldest first. */
  async openOf(card: string): Promise<readonly RecordedLoad[]> {
    const found = await this.#journal.openSubjects({ card, kind: "purse-load", limit: PAGE });
    const loads: RecordedLoad[] = [];
    for (const { subject } of found) {
      const load = await this.read(subject);
      // One that is under way in this life is somebody else's.
      if (load !== undefined && load.last.state !== "prepared" && load.last.state !== "acting") loads.push(load);
    }
    return loads;
  }

  /** All that wait for their card, oldest first, at most `limit`. */
  async waiting(limit: number): Promise<readonly RecordedLoad[]> {
    const open = await this.#all("purse-load");
    const loads: RecordedLoad[] = [];
    for (const { subject } of open.slice(0, limit)) {
      const load = await this.read(subject);
      if (load?.last.state === "unknown" || load?.last.state === "resolving") loads.push(load);
    }
    return loads;
  }

  /** Ends what an earlier life has left. Faults: those of the journal. */
  async start(): Promise<void> {
    for (const { subject } of await this.#all("purse-load")) {
      const load = await this.read(subject);
      // What the card was never asked to take, it has not taken.
      if (load !== undefined && !load.crediting) await this.close(load, { state: "void", more: { reason: load.reason } });
    }
    for (const { subject } of await this.#all("bank-payment")) {
      const leg = readLeg(await this.#journal.entriesOf(subject));
      if (leg !== undefined) await this.#reconcile(leg);
    }
  }

  async #reconcile(leg: RecordedLeg): Promise<void> {
    const load = await this.read(leg.load);
    if (load?.last.state === "done") await this.#finish(leg);
    else if (load === undefined || load.last.state === "void" || load.last.state === "refused") await this.#undo(leg, "load-not-credited");
  }

  /** Whatever the bank may have booked is taken back by the reversals. */
  async #undo(leg: RecordedLeg | undefined, reason: string, more?: LoadClosing["leg"]): Promise<void> {
    if (leg === undefined || !isOpenLeg(leg) || leg.reversing) return;
    const told = more === undefined ? leg : { ...leg, detail: { ...leg.detail, ...more.detail }, personal: { ...leg.personal, ...more.sealed } };
    await this.#journal.append(undoneLeg(told, leg.approved ? { cause: "06", reason } : { reason: "restart" }));
  }

  async #finish(leg: RecordedLeg | undefined, more?: LoadClosing["leg"]): Promise<void> {
    if (leg === undefined || !isOpenLeg(leg) || leg.reversing) return;
    await this.#journal.append(legDraft(leg, { state: "done", more: more?.detail ?? {}, sealed: more?.sealed ?? {} }));
  }

  async #all(kind: RecordKind): Promise<readonly OpenSubject[]> {
    const open: OpenSubject[] = [];
    for await (const subject of eachOpenSubject(this.#journal, kind)) open.push(subject);
    return open;
  }
}
