/*
 * A desk with simulated readers, cards and modules that is worked by requests: the same from a test, a person at a pipe,
 * or the simulators' command. Every request is plain JSON, so is every answer.
 */
import { Fault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { SimulatedCard } from "../card/card.ts";
import { makeTestCard, type TestCardOptions } from "../card/make.ts";
import { OtherCard } from "../card/other-card.ts";
import type { CardDebit, CardFaults, CardLoad, CardSnapshot } from "../card/state.ts";
import { type TopUp, topUp } from "../card/top-up.ts";
import { type HolderAct, ScriptedHolder } from "../pinpad/holder.ts";
import { makeTestPsam, type TestPsamOptions } from "../psam/make.ts";
import { SimulatedPsam } from "../psam/psam.ts";
import type { PsamFaults, PsamSnapshot } from "../psam/state.ts";
import { IfdServer } from "./ifd-server.ts";
import { type LampDialect, ReaderLamps } from "./lamps.ts";
import type { ReaderSlot, SlotPlan } from "./slot.ts";

interface Place {
  readonly reader: string;
  /** 0 when absent. */
  readonly slot?: number;
}

/** Requests about one slot. */
type SlotRequest = Place &
  (
    | { readonly do: "insert"; readonly name: string }
    | { readonly do: "remove" | "clear-plans" | "release" | "no-keypad" | "counts" | "lamps-seen" | "no-lamps" }
    | { readonly do: "lamps"; readonly dialect: LampDialect }
    /** Further cards come into the field beside the one that lies there; an empty list: they have left. */
    | { readonly do: "crowd"; readonly names: readonly string[] }
    | { readonly do: "plan"; readonly plan: SlotPlan }
    | { readonly do: "keypad"; readonly acts: readonly HolderAct[]; readonly keyingMs?: number; readonly timeoutMs?: number }
  );

/** All that can be asked of a desk. Modules (cards and security modules) and readers go by names that the asker chooses. */
export type DeskRequest =
  | SlotRequest
  | { readonly do: "open-reader"; readonly reader: string; readonly socketPath: string; readonly slots: number }
  | { readonly do: "unplug" | "plug"; readonly reader: string }
  | { readonly do: "make-card"; readonly name: string; readonly options: TestCardOptions }
  /** A card that is none of ours: an answer to reset and nothing behind it. */
  | { readonly do: "make-other-card"; readonly name: string; readonly atrHex: string }
  | { readonly do: "load-card"; readonly name: string; readonly snapshot: CardSnapshot }
  | { readonly do: "make-psam"; readonly name: string; readonly options: TestPsamOptions }
  | { readonly do: "load-psam"; readonly name: string; readonly snapshot: PsamSnapshot }
  | { readonly do: "faults"; readonly name: string; readonly faults: Partial<CardFaults> & Partial<PsamFaults> }
  | { readonly do: "top-up"; readonly name: string; readonly load: TopUp }
  | { readonly do: "truth" | "snapshot"; readonly name: string }
  | { readonly do: "close" };

/** Ground truth of one card. */
export interface CardTruth {
  readonly balanceFen: number;
  readonly initialBalanceFen: number;
  readonly offlineSeq: number;
  readonly debits: readonly CardDebit[];
  readonly loads: readonly CardLoad[];
}

const MODULES_MAX = 10_000;
const READERS_MAX = 16;

function refused(message: string): Fault {
  return new Fault("reader-refused", message, { effectUnknown: false });
}

export class SimulatorDesk {
  readonly #suite: CipherSuite;
  readonly #clock: Clock;
  readonly #modules = new Map<string, SimulatedCard | SimulatedPsam | OtherCard>();
  readonly #readers = new Map<string, IfdServer>();

  constructor(suite: CipherSuite, clock: Clock) {
    this.#suite = suite;
    this.#clock = clock;
  }

  /** Carries out one request; its result is plain JSON data. Faults: "reader-refused" with the reason. */
  async handle(request: DeskRequest): Promise<unknown> {
    switch (request.do) {
      case "open-reader":
        return this.#openReader(request);
      case "unplug":
        return this.#reader(request.reader).unplug();
      case "plug":
        return this.#reader(request.reader).plug();
      case "close":
        return this.close();
      case "make-card":
        return this.#add(request.name, makeTestCard(this.#suite, request.options));
      case "make-other-card":
        return this.#add(request.name, new OtherCard({ atrHex: request.atrHex }));
      case "load-card":
        return this.#add(request.name, SimulatedCard.fromSnapshot(this.#suite, request.snapshot));
      case "make-psam":
        return this.#add(request.name, makeTestPsam(this.#suite, request.options));
      case "load-psam":
        return this.#add(request.name, SimulatedPsam.fromSnapshot(this.#suite, request.snapshot));
      case "faults":
        return this.#module(request.name).setFaults(request.faults);
      case "top-up":
        return this.#topUp(request.name, request.load);
      case "truth":
        return this.#truth(request.name);
      case "snapshot":
        return this.#module(request.name).toSnapshot();
      case "insert":
      case "remove":
      case "plan":
      case "clear-plans":
      case "release":
      case "keypad":
      case "no-keypad":
      case "counts":
      case "lamps":
      case "no-lamps":
      case "lamps-seen":
      case "crowd":
        return this.#handleSlot(request, this.#slot(request));
    }
    // Requests of a person at a pipe may be anything.
    throw refused("no such request");
  }

  /** Unplugs every reader. */
  async close(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.unplug();
    this.#readers.clear();
  }

  #handleSlot(request: SlotRequest, slot: ReaderSlot): unknown {
    switch (request.do) {
      case "insert":
        return this.#insert(slot, request.name);
      case "remove":
        return void slot.remove();
      case "plan":
        return slot.plan(request.plan);
      case "clear-plans":
        return slot.clearPlans();
      case "release":
        return slot.release();
      case "no-keypad":
        return slot.setKeypad(undefined);
      case "counts":
        return slot.counts();
      case "lamps":
        return slot.setLamps(new ReaderLamps(request.dialect));
      case "no-lamps":
        return slot.setLamps(undefined);
      case "lamps-seen":
        return slot.lamps?.seen;
      case "crowd":
        return slot.crowd(request.names.map((name) => this.#anything(name)));
      case "keypad":
        return slot.setKeypad({
          holder: new ScriptedHolder(request.acts),
          keyingMs: request.keyingMs ?? 0,
          ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
        });
    }
  }

  async #openReader(request: { readonly reader: string; readonly socketPath: string; readonly slots: number }): Promise<void> {
    if (this.#readers.has(request.reader) || this.#readers.size >= READERS_MAX) throw refused(`no place for a reader ${request.reader}`);
    const server = new IfdServer({ socketPath: request.socketPath, slots: request.slots, clock: this.#clock });
    this.#readers.set(request.reader, server);
    await server.plug();
  }

  #insert(slot: ReaderSlot, name: string): void {
    const module = this.#anything(name);
    if (slot.card !== undefined) throw refused("the slot is taken");
    this.#mustBeFree(name);
    slot.insert(module);
  }

  #topUp(name: string, load: TopUp): void {
    this.#mustBeFree(name);
    topUp(this.#suite, this.#card(name), load);
  }

  #mustBeFree(name: string): void {
    const module = this.#anything(name);
    const lies = [...this.#readers.values()].some((reader) => reader.slots.some((each) => each.card === module));
    if (lies) throw refused(`${name} lies in a slot`);
  }

  #add(name: string, module: SimulatedCard | SimulatedPsam | OtherCard): void {
    if (this.#modules.size >= MODULES_MAX) throw refused("the desk is full");
    this.#modules.set(name, module);
  }

  #truth(name: string): CardTruth {
    const { balanceFen, initialBalanceFen, offlineSeq, debits, loads } = this.#card(name);
    return { balanceFen, initialBalanceFen, offlineSeq, debits, loads };
  }

  #module(name: string): SimulatedCard | SimulatedPsam {
    const module = this.#anything(name);
    if (module instanceof OtherCard) throw refused(`${name} is none of our cards`);
    return module;
  }

  #anything(name: string): SimulatedCard | SimulatedPsam | OtherCard {
    const module = this.#modules.get(name);
    if (module === undefined) throw refused(`there is no ${name}`);
    return module;
  }

  #card(name: string): SimulatedCard {
    const module = this.#module(name);
    if (!(module instanceof SimulatedCard)) throw refused(`${name} is no card`);
    return module;
  }

  #reader(name: string): IfdServer {
    const reader = this.#readers.get(name);
    if (reader === undefined) throw refused(`there is no reader ${name}`);
    return reader;
  }

  #slot(place: Place): ReaderSlot {
    const slot = this.#reader(place.reader).slots[place.slot ?? 0];
    if (slot === undefined) throw refused(`${place.reader} has no slot ${place.slot ?? 0}`);
    return slot;
  }
}
