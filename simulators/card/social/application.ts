/*
 * Goal: the social application of a card, with all its directories, keys and conditions. Spec: LD/T 32.5 and LD/T 32.7.
 * Method: files, PIN and proofs are parts of their own; here stands which command does what, and where.
 */
import { type Bytes, concat, fromHex, toHex } from "../../../device/base/bytes.ts";
import { type CardApplication, refuseForeign } from "../application.ts";
import type { CardCore } from "../core.ts";
import { type ElementaryFile, type FileView, type ReadRule, readBinary, readRecord } from "../files.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { MedicalPurse } from "../medical-purse/medical-purse.ts";
import { SocialFiles } from "./files.ts";
import { messageKey } from "./keys.ts";
import { SocialPin } from "./pin.ts";
import { SocialSecurity } from "./security.ts";
import type { DirectoryName, Generation } from "./state.ts";
import { DIRECTORIES, type FileDefinition, hasDirectory } from "./tree.ts";

const ISSUER_FILE = 0xef05;
const CATEGORY_TAG = 0x02;
const ACTIVE = "1".charCodeAt(0);
const UPDATE_BINARY = 0xd6;

/** The short identifier of the file that an update means; 0 is the current one, undefined a form that there is not. */
function addressedFile({ ins, p1, p2 }: Command): number | undefined {
  if (ins !== UPDATE_BINARY) return p2 >>> 3;
  if ((p1 & 0x80) === 0) return 0;
  return (p1 & 0x60) === 0 ? p1 & 0x1f : undefined;
}

export class SocialApplication implements CardApplication {
  readonly #core: CardCore;
  readonly #security: SocialSecurity;
  readonly #pin: SocialPin;
  readonly #files: SocialFiles;
  readonly #medicalPurse: MedicalPurse | undefined;
  #directory: DirectoryName = "environment";
  #file: number | undefined;

  constructor(core: CardCore) {
    this.#core = core;
    this.#security = new SocialSecurity(core);
    this.#pin = new SocialPin(core, this.#security);
    const place = { pinSatisfied: () => this.#pin.satisfied };
    this.#medicalPurse = core.personalization.medicalPurse === undefined ? undefined : new MedicalPurse(core, place);
    this.#files = new SocialFiles(core, () => this.#medicalPurse?.files() ?? []);
  }

  selectByName(name: Bytes, next: boolean): Answer | undefined {
    const begins = toHex(name);
    const from = next ? DIRECTORIES.findIndex((each) => each.name === this.#directory) + 1 : 0;
    const found = DIRECTORIES.slice(from).find((each) => each.nameHex.startsWith(begins) && hasDirectory(this.#generation, each.name));
    return found === undefined ? undefined : this.#enter(found.name);
  }

  selectDirectory(id: number): Answer | undefined {
    const found = DIRECTORIES.find((each) => each.id === id && each.name !== "environment" && hasDirectory(this.#generation, each.name));
    return found === undefined ? undefined : this.#enter(found.name);
  }

  selectById(id: number, p1: number): Answer | undefined {
    const directory = p1 === 0x00 ? this.selectDirectory(id) : undefined;
    if (directory !== undefined) return directory;
    if (this.#isBlocked()) return refuse(SW.applicationBlocked);
    if (!this.#files.list(this.#directory).some((file) => file.id === id)) return undefined;
    this.#file = id;
    return ok();
  }

  execute(command: Command): Answer {
    const medical = this.#directory === "medical" && command.cla === 0xb0 ? this.#medicalPurse : undefined;
    if (medical === undefined) this.interrupt();
    if (this.#isBlocked()) return refuse(SW.applicationBlocked);
    if (!this.#mayBeUsed(command)) return refuse(SW.conditionsNotSatisfied);
    return medical === undefined ? this.#dispatch(command) : medical.execute(command);
  }

  interrupt(): void {
    this.#medicalPurse?.interrupt();
  }

  /** External authentication lasts until another application is selected; the PIN lasts until power-off. Spec: LD/T 32.7, security states. */
  leave(): void {
    this.interrupt();
    this.#security.forget();
    this.#file = undefined;
    this.#core.forgetChallenge();
  }

  powerOff(): void {
    this.leave();
    this.#directory = "environment";
    this.#pin.powerOff();
  }

  get #generation(): Generation {
    return this.#core.personalization.social.generation ?? "3";
  }

  #enter(directory: DirectoryName): Answer {
    this.interrupt();
    if (directory !== this.#directory) this.leave();
    this.#directory = directory;
    this.#file = undefined;
    return this.#isBlocked() ? refuse(SW.applicationBlocked) : ok(this.#controlInformation());
  }

  /** Answer to SELECT; tag 86 names the algorithm. Spec: LD/T 32.7, SELECT. */
  #controlInformation(): Bytes {
    const { social } = this.#core.personalization;
    const name = fromHex(DIRECTORIES.find((each) => each.name === this.#directory)?.nameHex ?? "");
    const algorithm = Uint8Array.of(0x9f, 0x0c, 0x03, 0x86, 0x01, social.algorithm === "sm4" ? 0x03 : 0x01);
    const directoryFile = Uint8Array.of(0x88, 0x01, 0x1e);
    const own = social.showsAlgorithm ? concat(directoryFile, algorithm) : directoryFile;
    const body = concat(Uint8Array.of(0x84, name.length), name, Uint8Array.of(0xa5, own.length), own);
    return concat(Uint8Array.of(0x6f, body.length), body);
  }

  #isBlocked(): boolean {
    const blocked = this.#core.memory.social?.blocked ?? [];
    return blocked.includes(this.#directory) || blocked.includes("environment");
  }

  /** Where radio has to be switched on first, a card whose flag is not set shows by radio who it is and does nothing else. */
  #mayBeUsed({ cla, ins }: Command): boolean {
    if (this.#core.interface === "contact" || this.#core.personalization.profile.contactlessActivation === "none") return true;
    const issuer = this.#files.list("environment").find((file) => file.id === ISSUER_FILE);
    const category = issuer?.kind === "records" ? issuer.records.find(({ tag }) => tag === CATEGORY_TAG)?.value : undefined;
    return category?.[1] === ACTIVE || (cla === 0x00 && ins === 0xb2 && this.#directory === "environment");
  }

  #dispatch(command: Command): Answer {
    switch ((command.cla << 8) | command.ins) {
      case 0x0020:
        return this.#pin.verify(command);
      case 0x805e:
        return this.#pin.change(command);
      case 0x8424:
        return this.#unblockOrReload(command);
      case 0x0082:
        return this.#security.externalAuthenticate(command, this.#directory);
      case 0x0088:
        return this.#security.internalAuthenticate(command);
      case 0x0084:
        return this.#core.drawChallenge(command);
      case 0x00b0:
        return readBinary(command, this.#view());
      case 0x00b2:
        return readRecord(command, this.#view());
      case 0x00d6:
      case 0x04d6:
      case 0x00dc:
      case 0x04dc:
        return this.#update(command);
      case 0x841e:
        return this.#blockApplication(command);
      case 0x8416:
        return this.#blockCard(command);
      default:
        return refuseForeign(command);
    }
  }

  #view(): FileView {
    return { files: this.#files.list(this.#directory), current: this.#file, allowed: (rule) => this.#allowed(rule) };
  }

  #allowed(rule: ReadRule): boolean {
    if (rule === "free") return true;
    if (rule === "pin") return this.#pin.satisfied;
    if (rule === "rkssse") return this.#security.proved("rkssse");
    const proved = this.#security.proved(rule.key);
    if (rule.needs === "key") return proved;
    return rule.needs === "pin-or-key" ? this.#pin.satisfied || proved : this.#pin.satisfied && proved;
  }

  /** PIN UNBLOCK (P2 00) and PIN RELOAD (P2 01). */
  #unblockOrReload(command: Command): Answer {
    if (command.p1 !== 0x00 || command.p2 > 0x01) return refuse(SW.wrongP1P2);
    return command.p2 === 0x00 ? this.#pin.unblock(command) : this.#pin.reload(command);
  }

  /** UPDATE RECORD and UPDATE BINARY, in the clear or with a MAC (class 04). Spec: LD/T 32.7, UPDATE RECORD. */
  #update(command: Command): Answer {
    const sfi = addressedFile(command);
    if (sfi === undefined) return refuse(SW.wrongP1P2);
    const file = this.#fileFor(sfi);
    if (file === undefined) return refuse(sfi === 0 && this.#file === undefined ? SW.noCurrentFile : SW.fileNotFound);
    if ((file.kind === "transparent") !== (command.ins === UPDATE_BINARY)) return refuse(SW.wrongFileType);
    const definition = this.#files.definition(this.#directory, file.id);
    if (definition?.update === undefined || !this.#security.proved(definition.update.key)) return refuse(SW.securityNotSatisfied);
    if (command.cla === 0x00) return definition.update.secureOnly ? refuse(SW.securityNotSatisfied) : this.#write(definition, command, command.data);
    const message = this.#security.openMessage(command, messageKey(this.#directory));
    return message.ok ? this.#write(definition, command, message.data) : message.answer;
  }

  #fileFor(sfi: number): ElementaryFile | undefined {
    return this.#files.list(this.#directory).find((file) => (sfi === 0 ? file.id === this.#file : (file.id & 0xff) === sfi));
  }

  #write(definition: FileDefinition, command: Command, data: Bytes): Answer {
    if (data.length === 0) return refuse(SW.wrongLength);
    if (command.ins !== UPDATE_BINARY) return this.#files.writeRecord(this.#directory, definition, command, data);
    const offset = (command.p1 & 0x80) === 0 ? command.p1 * 256 + command.p2 : command.p2;
    return this.#files.writeBytes(this.#directory, definition, offset, data);
  }

  /** APPLICATION BLOCK: the current directory for good; from the top directory the whole application. Spec: LD/T 32.7, APPLICATION BLOCK. */
  #blockApplication(command: Command): Answer {
    if (command.p1 !== 0x00 || command.p2 !== 0x01) return refuse(SW.wrongP1P2);
    const refused = this.#blockRefused(command, "lk");
    if (refused !== undefined) return refused;
    const { social = {} } = this.#core.memory;
    this.#core.commit({ social: { ...social, blocked: [...(social.blocked ?? []), this.#directory] } });
    return ok();
  }

  /** CARD BLOCK: no application of the card answers any more. Spec: LD/T 32.7, CARD BLOCK. */
  #blockCard(command: Command): Answer {
    if (command.p1 !== 0x00 || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    const refused = this.#blockRefused(command, "bk");
    if (refused !== undefined) return refused;
    this.#core.commit({ cardBlocked: true });
    return ok();
  }

  #blockRefused(command: Command, controlKey: "lk" | "bk"): Answer | undefined {
    if (command.data.length !== 4) return refuse(SW.wrongLength);
    if (!this.#security.proved(controlKey)) return refuse(SW.securityNotSatisfied);
    const message = this.#security.openMessage(command, messageKey(this.#directory));
    return message.ok ? undefined : message.answer;
  }
}
