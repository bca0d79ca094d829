/*
 * Goal: the other side of the card's specification, strict and without mercy, for every test of the terminal.
 * Method: a pure synchronous state machine over bytes. It knows no time and no reader; a reader asks it to act, or cuts its power.
 */
import { type Bytes, concat, EMPTY, equalBytes, fromHex, toHex, u16be } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { CardCore } from "./core.ts";
import { type ElementaryFile, readBinary, readRecord } from "./files.ts";
import { type Answer, type Command, ok, parseShortCommand, ResponseShaper, refuse, SW } from "./iso.ts";
import { EPurse } from "./purse.ts";
import { ENVIRONMENT_NAME, MEDICAL_NAME, SocialApplication } from "./social.ts";
import type { CardDebit, CardFaults, CardLoad, CardPersonalization, CardSnapshot, TearPoint } from "./state.ts";

/** What a reader needs of anything that can be put into it: a card or a security module. */
export interface CardModule {
  readonly powered: boolean;
  /** Answer to reset; empty when the card is mute. */
  powerUp(): Bytes;
  powerDown(): void;
  /** Response APDU; empty when no answer comes: without power, mute, or torn by its own plan (then `powered` is false). */
  transmit(command: Bytes): Bytes;
  /** Loses power around one command. */
  tear(command: Bytes, at: TearPoint): void;
  /** Time that the card needs in addition to the usual. */
  readonly extraMsPerCommand: number;
}

type Directory = "root" | "environment" | "medical" | "purse";

function answerToReset(personalization: CardPersonalization): Bytes {
  const historical = fromHex(personalization.historicalHex);
  if (personalization.interface === "contact") return concat(fromHex("3B 6D 00 00"), historical);
  const body = concat(Uint8Array.of(0x80 | historical.length, 0x80, 0x01), historical);
  const check = body.reduce((sum, byte) => sum ^ byte, 0);
  return concat(Uint8Array.of(0x3b), body, Uint8Array.of(check));
}

export class SimulatedCard implements CardModule {
  readonly #core: CardCore;
  readonly #social: SocialApplication;
  readonly #purse: EPurse;
  readonly #shaper: ResponseShaper;
  #powered = false;
  #answered = 0;
  #directory: Directory = "root";
  #file: number | undefined;

  constructor(suite: CipherSuite, snapshot: CardSnapshot) {
    this.#core = new CardCore(suite, snapshot);
    this.#social = new SocialApplication(this.#core);
    this.#purse = new EPurse(this.#core);
    this.#shaper = new ResponseShaper(snapshot.personalization.lengthRule);
  }

  /** Takes a card up again as it was written down, without power. */
  static fromSnapshot(suite: CipherSuite, snapshot: CardSnapshot): SimulatedCard {
    return new SimulatedCard(suite, snapshot);
  }

  /** The whole card as plain JSON data. */
  toSnapshot(): CardSnapshot {
    const { personalization, memory, faults, drawn } = this.#core;
    return { version: 1, personalization, memory, faults, drawn };
  }

  get personalization(): CardPersonalization {
    return this.#core.personalization;
  }

  /** Application serial number of the e-purse, 20 hexadecimal digits. */
  get serial(): string {
    return this.#core.personalization.purse.serialHex;
  }

  get powered(): boolean {
    return this.#powered;
  }

  get extraMsPerCommand(): number {
    return this.#core.faults.extraMsPerCommand;
  }

  /** Purchases that this card has committed, oldest first: the truth for checkers. */
  get debits(): readonly CardDebit[] {
    return this.#core.memory.debits;
  }

  get loads(): readonly CardLoad[] {
    return this.#core.memory.loads;
  }

  get balanceFen(): number {
    return this.#core.memory.balanceFen;
  }

  get initialBalanceFen(): number {
    return this.#core.personalization.initialBalanceFen;
  }

  /** The card's own offline sequence, as its next INITIALIZE will show it. */
  get offlineSeq(): number {
    return this.#core.memory.offlineSeq;
  }

  get faults(): CardFaults {
    return this.#core.faults;
  }

  setFaults(faults: Partial<CardFaults>): void {
    this.#core.setFaults(faults);
  }

  powerUp(): Bytes {
    this.powerDown();
    if (this.#core.faults.mute) return EMPTY;
    this.#powered = true;
    return answerToReset(this.#core.personalization);
  }

  powerDown(): void {
    this.#powered = false;
    this.#answered = 0;
    this.#directory = "root";
    this.#file = undefined;
    this.#shaper.reset();
    this.#purse.interrupt();
    this.#social.powerOff();
  }

  tear(command: Bytes, at: TearPoint): void {
    if (this.#powered && at === "after") this.#execute(command);
    if (this.#powered && at === "during") this.#core.withoutCommits(() => this.#execute(command));
    this.powerDown();
  }

  transmit(command: Bytes): Bytes {
    if (!this.#powered || this.#core.faults.mute) return EMPTY;
    const { commandsUntilTear, tearAt } = this.#core.faults;
    if (commandsUntilTear !== undefined && this.#answered >= commandsUntilTear) {
      this.#core.setFaults({ commandsUntilTear: undefined });
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
      this.#purse.interrupt();
      return u16be(SW.wrongLength);
    }
    return this.#shaper.shape(command, this.#answer(command));
  }

  #answer(command: Command): Answer {
    // Only these leave an opened purchase open, besides the debit itself. Spec: PBOC purse, states.
    const keepsSession = command.cla === 0x80 && [0x52, 0x54, 0x5a, 0x5c].includes(command.ins);
    if (!keepsSession) this.#purse.interrupt();
    if (this.#core.faults.blocked === "card") return refuse(SW.cardBlocked);
    if (command.cla === 0x00 && command.ins === 0xa4) return this.#select(command);
    if (this.#blocked(this.#directory)) return refuse(SW.applicationBlocked);
    if (command.cla === 0x00) return this.#interindustry(command);
    if (command.cla === 0x80) return this.#purseCommand(command);
    return refuse(SW.unknownClass);
  }

  #blocked(directory: Directory): boolean {
    const { blocked } = this.#core.faults;
    if (blocked === "purse") return directory === "purse";
    return blocked === "social" && (directory === "environment" || directory === "medical");
  }

  #interindustry(command: Command): Answer {
    const social = this.#directory === "environment" || this.#directory === "medical";
    switch (command.ins) {
      case 0x84:
        return this.#social.getChallenge(command);
      case 0xb0:
        return readBinary(command, this.#view());
      case 0xb2:
        return readRecord(command, this.#view());
      case 0x20:
        return social ? this.#social.verify(command) : refuse(SW.conditionsNotSatisfied);
      case 0x82:
        return social ? this.#social.externalAuthenticate(command) : refuse(SW.conditionsNotSatisfied);
      case 0x88:
        return social ? this.#social.internalAuthenticate(command) : refuse(SW.conditionsNotSatisfied);
      default:
        return refuse(SW.unknownInstruction);
    }
  }

  #purseCommand(command: Command): Answer {
    const known = [0x50, 0x52, 0x54, 0x5a, 0x5c].includes(command.ins);
    if (known && this.#directory !== "purse") return refuse(SW.conditionsNotSatisfied);
    switch (command.ins) {
      case 0x50:
        return this.#purse.initialize(command);
      case 0x52:
        return this.#purse.credit(command);
      case 0x54:
        return this.#purse.debit(command);
      case 0x5a:
        return this.#purse.prove(command);
      case 0x5c:
        return this.#purse.getBalance(command);
      default:
        return refuse(SW.unknownInstruction);
    }
  }

  #files(): readonly ElementaryFile[] {
    if (this.#directory === "root") return [];
    return this.#directory === "purse" ? this.#purse.files() : this.#social.files(this.#directory);
  }

  #view() {
    return { files: this.#files(), current: this.#file, allowed: (rule: ElementaryFile["read"]) => this.#social.allowed(rule) };
  }

  /** SELECT by name (P1 04), by file identifier (00), or an elementary file under the current directory (02). Spec: LD/T 32.7, SELECT. */
  #select(command: Command): Answer {
    if (command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    if (command.data.length === 0) return refuse(SW.wrongLength);
    if (command.p1 === 0x04) return this.#selectByName(command.data);
    if (command.p1 !== 0x00 && command.p1 !== 0x02) return refuse(SW.wrongP1P2);
    if (command.data.length !== 2) return refuse(SW.wrongLength);
    if (command.p1 === 0x00 && equalBytes(command.data, Uint8Array.of(0x3f, 0x00))) return this.#enter("root");
    const id = (command.data[0] ?? 0) * 256 + (command.data[1] ?? 0);
    if (this.#blocked(this.#directory)) return refuse(SW.applicationBlocked);
    if (!this.#files().some((file) => file.id === id)) return refuse(SW.fileNotFound);
    this.#file = id;
    return ok();
  }

  #selectByName(name: Bytes): Answer {
    const directories = new Map<string, Directory>([
      [ENVIRONMENT_NAME, "environment"],
      [MEDICAL_NAME, "medical"],
      [this.#core.personalization.purse.aidHex.toLowerCase(), "purse"],
    ]);
    const directory = directories.get(toHex(name));
    return directory === undefined ? refuse(SW.fileNotFound) : this.#enter(directory);
  }

  #enter(directory: Directory): Answer {
    if (directory !== this.#directory) this.#social.leave();
    this.#directory = directory;
    this.#file = undefined;
    if (this.#blocked(directory)) return refuse(SW.applicationBlocked);
    if (directory === "root") return ok();
    return ok(directory === "purse" ? this.#purse.controlInformation() : this.#social.controlInformation(directory));
  }
}
