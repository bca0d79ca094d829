/*
 * Goal: the other side of the card's specification, strict and without mercy, for every test of the terminal.
 * Method: a pure synchronous state machine over bytes. It knows no time and no reader; a reader asks it to act, or cuts its power.
 * What a command means is the business of the applications; the card selects them, shapes their answers and loses its power.
 */
import { type Bytes, EMPTY, readUint, u16be } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type CardApplication, refuseForeign } from "./application.ts";
import { CardCore } from "./core.ts";
import { ElectronicCashApplication } from "./electronic-cash/application.ts";
import { type FileView, readBinary, readRecord } from "./files.ts";
import { type Answer, type Command, ok, parseShortCommand, ResponseShaper, refuse, SW } from "./iso.ts";
import { PurseApplication } from "./purse/application.ts";
import { answerToReset } from "./reset.ts";
import { SocialApplication } from "./social/application.ts";
import { type CardDebit, type CardFaults, type CardLoad, type CardPersonalization, type CardSnapshot, type TearPoint, tearPoint } from "./state.ts";

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
  /** The same for one command, where that differs from command to command. */
  extraMsFor?(command: Bytes): number;
}

interface Installed {
  readonly application: CardApplication;
  /** Which fault of a user blocks it. */
  readonly blockedBy: CardFaults["blocked"] | undefined;
}

/** The root of the card as a directory: no file is in it. */
const ROOT_VIEW: FileView = { files: [], current: undefined, allowed: () => false };

function install(core: CardCore): readonly Installed[] {
  return [
    { application: new SocialApplication(core), blockedBy: "social" },
    { application: new PurseApplication(core), blockedBy: "purse" },
    // The bank application shows what it is also when it is blocked, so it looks after that itself.
    ...(core.personalization.electronicCash === undefined ? [] : [{ application: new ElectronicCashApplication(core), blockedBy: undefined }]),
  ];
}

export class SimulatedCard implements CardModule {
  readonly #core: CardCore;
  readonly #installed: readonly Installed[];
  readonly #shaper: ResponseShaper;
  #powered = false;
  #answered = 0;
  #current: Installed | undefined;

  constructor(suite: CipherSuite, snapshot: CardSnapshot) {
    this.#core = new CardCore(suite, snapshot);
    this.#installed = install(this.#core);
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

  extraMsFor(command: Bytes): number {
    const { extraMsPerCommand, slowInstruction } = this.#core.faults;
    return extraMsPerCommand + (slowInstruction !== undefined && command[1] === slowInstruction.ins ? slowInstruction.extraMs : 0);
  }

  /** The holder's PIN of the social application as it is now, for whoever plays the holder; undefined when none is set. */
  get pinDigits(): string | undefined {
    return this.#core.memory.social?.pin ?? this.#core.personalization.social.pin;
  }

  /** The PIN is the one that the card was made with: the holder has to change it before trading. Spec: LD/T 33, error -35. */
  get pinIsInitial(): boolean {
    return this.pinDigits !== undefined && this.#core.memory.social?.pin === undefined;
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

  /** A card with contacts and an antenna is told which of them it is spoken to through; power comes afterwards. */
  presentThrough(through: "contact" | "contactless"): void {
    this.powerDown();
    this.#core.setInterface(through);
  }

  powerUp(): Bytes {
    this.powerDown();
    if (this.#core.faults.mute) return EMPTY;
    this.#powered = true;
    return answerToReset(this.#core.personalization, this.#core.interface);
  }

  powerDown(): void {
    this.#powered = false;
    this.#answered = 0;
    this.#current = undefined;
    this.#shaper.reset();
    this.#core.forgetChallenge();
    for (const { application } of this.#installed) application.powerOff();
  }

  tear(command: Bytes, at: TearPoint): void {
    if (this.#powered && at === "after") this.#execute(command);
    if (this.#powered && at === "during") this.#core.withoutCommits(() => this.#execute(command));
    this.powerDown();
  }

  transmit(command: Bytes): Bytes {
    if (!this.#powered || this.#core.faults.mute) return EMPTY;
    const { commandsUntilTear, tearAt, tearAtByte } = this.#core.faults;
    if (commandsUntilTear !== undefined && this.#answered >= commandsUntilTear) {
      this.#core.setFaults({ commandsUntilTear: undefined, tearAtByte: undefined });
      this.tear(command, tearPoint(command, tearAtByte ?? tearAt));
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
      this.#current?.application.interrupt?.();
      return u16be(SW.wrongLength);
    }
    return this.#shaper.shape(command, this.#answer(command));
  }

  #answer(command: Command): Answer {
    if (this.#core.faults.blocked === "card" || this.#core.memory.cardBlocked === true) return refuse(SW.cardBlocked);
    if (command.cla === 0x00 && command.ins === 0xa4) return this.#select(command);
    const current = this.#current;
    if (current === undefined) return this.#atRoot(command);
    return this.#isBlocked(current) ? refuse(SW.applicationBlocked) : current.application.execute(command);
  }

  #isBlocked({ blockedBy }: Installed): boolean {
    return this.#core.faults.blocked === blockedBy;
  }

  /** What the card itself answers while no application is selected. */
  #atRoot(command: Command): Answer {
    if (command.cla !== 0x00) return refuseForeign(command);
    switch (command.ins) {
      case 0x84:
        return this.#core.drawChallenge(command);
      case 0xb0:
        return readBinary(command, ROOT_VIEW);
      case 0xb2:
        return readRecord(command, ROOT_VIEW);
      default:
        return refuseForeign(command);
    }
  }

  /** SELECT by name (P1 04), by file identifier (00), or an elementary file under the current directory (02). Spec: LD/T 32.7, SELECT. */
  #select(command: Command): Answer {
    const { p1, p2, data } = command;
    this.#current?.application.interrupt?.();
    if (p2 !== 0x00 && (p2 !== 0x02 || p1 !== 0x04)) return refuse(SW.wrongP1P2);
    if (data.length === 0) return refuse(SW.wrongLength);
    if (p1 === 0x04) return this.#selectByName(data, p2 === 0x02);
    if (p1 !== 0x00 && p1 !== 0x02) return refuse(SW.wrongP1P2);
    return data.length === 2 ? this.#selectById(readUint(data, 0, 2), p1) : refuse(SW.wrongLength);
  }

  /** The first application that has the name; for the next occurrence, the current one from where it stands and those behind it. */
  #selectByName(name: Bytes, next: boolean): Answer {
    const current = this.#current;
    if (next && current === undefined) return refuse(SW.fileNotFound);
    const first = next && current !== undefined ? this.#installed.indexOf(current) : 0;
    for (const installed of this.#installed.slice(first)) {
      const answer = installed.application.selectByName(name, next && installed === current);
      if (answer !== undefined) return this.#enter(installed, answer);
    }
    return refuse(SW.fileNotFound);
  }

  #selectById(id: number, p1: number): Answer {
    if (id === 0x3f00 && p1 === 0x00) {
      this.#leave(undefined);
      return ok();
    }
    const current = this.#current;
    if (current !== undefined && this.#isBlocked(current)) return refuse(SW.applicationBlocked);
    const own = current?.application.selectById(id, p1);
    if (own !== undefined) return own;
    for (const installed of p1 === 0x00 ? this.#installed : []) {
      const answer = installed === current ? undefined : installed.application.selectDirectory?.(id);
      if (answer !== undefined) return this.#enter(installed, answer);
    }
    return refuse(SW.fileNotFound);
  }

  #enter(installed: Installed, given: Answer): Answer {
    const answer = this.#isBlocked(installed) ? refuse(SW.applicationBlocked) : given;
    // A blocked application is selected all the same: it answers every command with that word, or lets the block be lifted.
    if (answer.sw === SW.success || answer.sw === SW.applicationBlocked || answer.sw === SW.selectedButBlocked) this.#leave(installed);
    return answer;
  }

  #leave(towards: Installed | undefined): void {
    if (this.#current !== towards) {
      this.#current?.application.leave();
      this.#core.forgetChallenge();
    }
    this.#current = towards;
  }
}
