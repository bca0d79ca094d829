/* The terminal's security module as its specifications describe it: social keys and the purchases of both purses on one module. */
import { type Bytes, concat, EMPTY, fromHex, readUint, toHex, u16be, u32be } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { CardModule } from "../card/card.ts";
import { type ElementaryFile, type FileView, readBinary } from "../card/files.ts";
import { type Answer, type Command, ok, parseShortCommand, ResponseShaper, refuse, SW } from "../card/iso.ts";
import type { TearPoint } from "../card/state.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { creditPurchase, type OpenedPurchase, type Opening, openMedicalPurchase, openPursePurchase, type PurchaseDesk } from "./purchases.ts";
import { ModuleSessions } from "./sessions.ts";
import type { PsamFaults, PsamPersonalization, PsamSnapshot } from "./state.ts";

/** Names of the social module's top directories. Spec: LD/T 32.9, SELECT. */
export const SOCIAL_NAME_DES = "7378312e73682ec9e7bbe1b1a3d5cf";
export const SOCIAL_NAME_SM4 = "7378332e73682ec9e7bbe1b1a3d5cf";
export const SOCIAL_ADF_NAME = "d15600000590";
/** Name of the e-purse directory, also reachable by its file identifier 8011. */
export const PURSE_NAME = "a0000006324d4f542e435053414d3031";

const SEQUENCE_LIMIT = 0x1_0000_0000;
/** 16 bytes of EF 001A, 001B and 001C where nothing else was put in. */
const NO_APPLICATION_DATA = "00".repeat(16);

type Directory =
  | { readonly at: "root" }
  | { readonly at: "environment"; readonly algorithm: KeyAlgorithm }
  | { readonly at: "social"; readonly algorithm: KeyAlgorithm }
  | { readonly at: "purse" };

export class SimulatedPsam implements CardModule {
  readonly #suite: CipherSuite;
  readonly #personalization: PsamPersonalization;
  readonly #sessions: ModuleSessions;
  readonly #shaper: ResponseShaper;
  #terminalSeq: number;
  #faults: PsamFaults;
  #powered = false;
  #answered = 0;
  #holdsCommits = true;
  #directory: Directory = { at: "root" };
  #file: number | undefined;
  #purchase: OpenedPurchase | undefined;

  constructor(suite: CipherSuite, snapshot: PsamSnapshot) {
    this.#suite = suite;
    this.#personalization = snapshot.personalization;
    this.#terminalSeq = snapshot.terminalSeq;
    this.#faults = snapshot.faults;
    this.#sessions = new ModuleSessions(suite, snapshot.personalization);
    this.#shaper = new ResponseShaper(snapshot.personalization.lengthRule);
  }

  /** Takes a module up again as it was written down, without power. */
  static fromSnapshot(suite: CipherSuite, snapshot: PsamSnapshot): SimulatedPsam {
    return new SimulatedPsam(suite, snapshot);
  }

  toSnapshot(): PsamSnapshot {
    return { version: 1, personalization: this.#personalization, terminalSeq: this.#terminalSeq, faults: this.#faults };
  }

  /** 12 digits. */
  get terminalNumber(): string {
    return this.#personalization.terminalNumber;
  }

  /** Terminal transaction sequence of the next purchase. */
  get terminalSeq(): number {
    return this.#terminalSeq;
  }

  get powered(): boolean {
    return this.#powered;
  }

  get extraMsPerCommand(): number {
    return this.#faults.extraMsPerCommand;
  }

  setFaults(faults: Partial<PsamFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  powerUp(): Bytes {
    this.powerDown();
    if (this.#faults.mute) return EMPTY;
    this.#powered = true;
    return concat(fromHex("3B 6D 00 00"), fromHex(this.#personalization.historicalHex));
  }

  powerDown(): void {
    this.#powered = false;
    this.#answered = 0;
    this.#directory = { at: "root" };
    this.#file = undefined;
    this.#purchase = undefined;
    this.#sessions.reset();
    this.#shaper.reset();
  }

  tear(command: Bytes, at: TearPoint): void {
    if (this.#powered && at !== "before") {
      this.#holdsCommits = at === "after";
      this.#execute(command);
      this.#holdsCommits = true;
    }
    this.powerDown();
  }

  transmit(command: Bytes): Bytes {
    if (!this.#powered || this.#faults.mute) return EMPTY;
    const { commandsUntilTear, tearAt } = this.#faults;
    if (commandsUntilTear !== undefined && this.#answered >= commandsUntilTear) {
      this.setFaults({ commandsUntilTear: undefined });
      this.tear(command, tearAt);
      return EMPTY;
    }
    this.#answered += 1;
    return this.#execute(command);
  }

  #execute(bytes: Bytes): Bytes {
    const command = parseShortCommand(bytes);
    if (command?.cla === 0x00 && command.ins === 0xc0) return this.#shaper.fetch(command);
    this.#shaper.reset();
    if (command === undefined) {
      this.#purchase = undefined;
      return u16be(SW.wrongLength);
    }
    return this.#shaper.shape(command, this.#answer(command));
  }

  #answer(command: Command): Answer {
    // An opened purchase lives only until the next command, whatever it is. Spec: LD/T 32.9, CREDIT SAM FOR PURCHASE.
    const purchase = this.#purchase;
    this.#purchase = undefined;
    switch (command.cla) {
      case 0x00:
        return this.#interindustry(command);
      case 0x80:
        return this.#proprietary(command, purchase);
      case 0xbf:
        return this.#socialCommand(command);
      default:
        return refuse(SW.unknownClass);
    }
  }

  #interindustry(command: Command): Answer {
    if (command.ins === 0xa4) return this.#select(command);
    if (command.ins === 0xb0) return readBinary(command, this.#view());
    return refuse(SW.unknownInstruction);
  }

  #socialCommand(command: Command): Answer {
    if (command.ins !== 0xec && command.ins !== 0xde) return refuse(SW.unknownInstruction);
    const directory = this.#directory;
    if (directory.at !== "social") return refuse(SW.conditionsNotSatisfied);
    return command.ins === 0xec ? this.#sessions.initializeEnvironment(command) : this.#sessions.deliver(command, directory.algorithm);
  }

  #proprietary(command: Command, purchase: OpenedPurchase | undefined): Answer {
    switch (command.ins) {
      case 0x1a:
        return this.#directory.at === "purse" ? this.#sessions.prepareMaintenance(command) : refuse(SW.conditionsNotSatisfied);
      case 0xfa:
        return this.#sessions.cipher(command);
      case 0x70:
        return this.#initializePurchase(command);
      case 0x72:
        return this.#creditPurchase(command, purchase);
      default:
        return refuse(SW.unknownInstruction);
    }
  }

  /** INIT SAM FOR PURCHASE: P1 00 in the e-purse's directory, P1 01 in the social application. */
  #initializePurchase(command: Command): Answer {
    const directory = this.#directory;
    if (directory.at !== "purse" && directory.at !== "social") return refuse(SW.conditionsNotSatisfied);
    const p1 = directory.at === "purse" ? 0x00 : 0x01;
    if (command.p1 !== p1 || command.p2 !== 0) return refuse(SW.wrongP1P2);
    if (directory.at === "social" && !this.#sessions.hasEnvironment) return refuse(SW.conditionsNotSatisfied);
    const desk = this.#desk();
    const { answer, purchase }: Opening =
      directory.at === "purse" ? openPursePurchase(desk, command.data) : openMedicalPurchase(desk, command.data, directory.algorithm);
    this.#purchase = purchase;
    return answer;
  }

  #creditPurchase(command: Command, purchase: OpenedPurchase | undefined): Answer {
    const { at } = this.#directory;
    return at === "purse" || at === "social" ? creditPurchase(this.#desk(), command, purchase) : refuse(SW.conditionsNotSatisfied);
  }

  #desk(): PurchaseDesk {
    return { suite: this.#suite, personalization: this.#personalization, faults: this.#faults, drawSequence: () => this.#drawSequence() };
  }

  #drawSequence(): number {
    const drawn = this.#terminalSeq;
    if (this.#holdsCommits) this.#terminalSeq = (drawn + 1) % SEQUENCE_LIMIT;
    return drawn;
  }

  #view(): FileView {
    const transparent = (id: number, content: Bytes): ElementaryFile => ({ kind: "transparent", id, read: "free", content });
    const { applicationData, publicDataHex } = this.#personalization;
    const files = [
      transparent(0x0015, fromHex(publicDataHex)),
      transparent(0x0016, fromHex(this.terminalNumber)),
      transparent(0x0019, u32be(this.#terminalSeq)),
      transparent(0x001a, fromHex(applicationData?.national ?? NO_APPLICATION_DATA)),
      transparent(0x001b, fromHex(applicationData?.province ?? NO_APPLICATION_DATA)),
      transparent(0x001c, fromHex(applicationData?.city ?? NO_APPLICATION_DATA)),
    ];
    return { files, current: this.#file, allowed: () => true };
  }

  #select(command: Command): Answer {
    if (command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (command.p1 === 0x04) return command.data.length === 0 ? refuse(SW.wrongLength) : this.#enter(this.#directoryNamed(toHex(command.data)), command.data);
    if (command.p1 !== 0x00 && command.p1 !== 0x02) return refuse(SW.wrongP1P2);
    if (command.data.length !== 2) return refuse(SW.wrongLength);
    const id = readUint(command.data, 0, 2);
    if (command.p1 === 0x00 && id === 0x3f00) return this.#enter({ at: "root" }, command.data);
    if (command.p1 === 0x00 && id === 0x8011) return this.#enter(this.#directoryNamed(PURSE_NAME), fromHex(PURSE_NAME));
    if (!this.#view().files.some((file) => file.id === id)) return refuse(SW.fileNotFound);
    this.#file = id;
    return ok();
  }

  #holds(application: "social" | "purse", algorithm?: KeyAlgorithm): boolean {
    return this.#personalization.keys.some((key) => key.application === application && (algorithm === undefined || key.algorithm === algorithm));
  }

  #directoryNamed(name: string): Directory | undefined {
    const here = this.#directory;
    if (name === SOCIAL_NAME_DES && this.#holds("social", "3des")) return { at: "environment", algorithm: "3des" };
    if (name === SOCIAL_NAME_SM4 && this.#holds("social", "sm4")) return { at: "environment", algorithm: "sm4" };
    if (name === SOCIAL_ADF_NAME && (here.at === "environment" || here.at === "social")) return { at: "social", algorithm: here.algorithm };
    return name === PURSE_NAME && this.#holds("purse") ? { at: "purse" } : undefined;
  }

  #enter(directory: Directory | undefined, name: Bytes): Answer {
    if (directory === undefined) return refuse(SW.fileNotFound);
    this.#directory = directory;
    this.#file = undefined;
    this.#sessions.reset();
    return ok(concat(Uint8Array.of(0x6f, name.length + 2, 0x84, name.length), name));
  }
}
