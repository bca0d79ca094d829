/* The PBOC purse as an application of a card: e-purse and e-passbook, compound purchase, grey lock, PIN and maintenance. */
import { type Bytes, concat, equalBytes, fromHex, readUint, u32be } from "../../../device/base/bytes.ts";
import { type CardApplication, refuseForeign } from "../application.ts";
import type { CardCore } from "../core.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";
import { type Book, ownMoney, PurseBooks, spendable } from "./books.ts";
import { cacheRecord } from "./compound.ts";
import { PurseFiles } from "./files.ts";
import { GreyLocks } from "./grey-lock.ts";
import { Loads } from "./load.ts";
import { PinAndBlocks } from "./pin-and-blocks.ts";
import { Purchases } from "./purchase.ts";
import type { PurseSession, Step } from "./session.ts";

/** Shortest beginning of a name that selects: the registered provider. Spec: ISO/IEC 7816-4, selection by name. */
const PARTIAL_NAME_MIN = 5;
/** Bit 32 of a balance, which says nothing. */
const BALANCE_FLAG = 0x8000_0000;

/** Class and instruction as one number. */
function codeOf({ cla, ins }: Command): number {
  return cla * 256 + ins;
}

/** What a temporary block still allows: a challenge, its own end, or to be made permanent. Spec: PBOC purse, APPLICATION BLOCK. */
const ALLOWED_WHILE_BLOCKED: readonly number[] = [0x0084, 0x8418, 0x841e];
/** GET BALANCE, GET TRANSACTION PROVE and GET DATA keep an opened transaction open. Spec: PBOC purse, states. */
const KEEPS_SESSION: readonly number[] = [0x805a, 0x805c, 0x80ca];

export class PurseApplication implements CardApplication {
  readonly #books: PurseBooks;
  readonly #files: PurseFiles;
  readonly #purchases: Purchases;
  readonly #loads: Loads;
  readonly #locks: GreyLocks | undefined;
  readonly #holder: PinAndBlocks;
  #session: PurseSession | undefined;
  #name: Bytes;

  constructor(core: CardCore) {
    this.#books = new PurseBooks(core);
    this.#files = new PurseFiles(this.#books);
    this.#purchases = new Purchases(this.#books, this.#files);
    this.#loads = new Loads(this.#books);
    const { greyLock, aidHex } = this.#books.data;
    this.#locks = greyLock === undefined ? undefined : new GreyLocks(this.#books, greyLock);
    this.#holder = new PinAndBlocks(this.#books);
    this.#name = fromHex(aidHex);
  }

  selectByName(name: Bytes, next: boolean): Answer | undefined {
    const { aidHex, aliasAidsHex = [] } = this.#books.data;
    const names = [aidHex, ...aliasAidsHex].map(fromHex);
    const first = next ? names.findIndex((each) => equalBytes(each, this.#name)) + 1 : 0;
    const found = names
      .slice(first)
      .find((each) => equalBytes(each, name) || (name.length >= PARTIAL_NAME_MIN && equalBytes(each.slice(0, name.length), name)));
    if (found === undefined) return undefined;
    this.interrupt();
    this.#files.leave();
    this.#name = found;
    return this.#books.memory.block === undefined ? ok(this.#controlInformation()) : refuse(SW.applicationBlocked);
  }

  selectById(id: number): Answer | undefined {
    this.interrupt();
    return this.#files.select(id);
  }

  execute(command: Command): Answer {
    const session = this.#session;
    if (!KEEPS_SESSION.includes(codeOf(command))) this.interrupt();
    const { block } = this.#books.memory;
    if (block === "permanent" || (block === "temporary" && !ALLOWED_WHILE_BLOCKED.includes(codeOf(command)))) return refuse(SW.applicationBlocked);
    const step = this.#transaction(command, session);
    if (step === undefined) return this.#other(command);
    this.#session = step.session;
    return step.answer;
  }

  interrupt(): void {
    this.#session = undefined;
  }

  leave(): void {
    this.interrupt();
    this.#files.leave();
    this.#holder.leave();
  }

  powerOff(): void {
    this.leave();
  }

  /** Commands that open, carry on or end a transaction; undefined: another command. */
  #transaction(command: Command, session: PurseSession | undefined): Step | undefined {
    switch (codeOf(command)) {
      case 0x8050:
        return this.#initialize(command);
      case 0x8052:
        return this.#ending(session, "load", (load, book) => this.#loads.credit(command, load, book));
      case 0x8054:
        return this.#ending(session, "purchase", (purchase, book) => this.#purchases.debit(command, purchase, book));
      case 0x80dc:
        return this.#books.data.transit === undefined ? undefined : cacheRecord(command, session, this.#files);
      default:
        return command.cla === 0xe0 ? this.#locks?.execute(command, session, (book) => this.#pinMissing(book)) : undefined;
    }
  }

  #ending<Kind extends PurseSession["kind"]>(
    session: PurseSession | undefined,
    kind: Kind,
    end: (session: Extract<PurseSession, { readonly kind: Kind }>, book: Book) => Step,
  ): Step {
    const book = session?.kind === kind ? this.#books.book(session.p2) : undefined;
    // The kind was compared; the compiler does not follow that through a type parameter.
    return session === undefined || book === undefined
      ? { answer: refuse(SW.notAcceptable) }
      : end(session as Extract<PurseSession, { readonly kind: Kind }>, book);
  }

  /** INITIALIZE (80 50): load 00, purchase 01, compound purchase 03; cash, overdraft and unload are not on these cards. Spec: PBOC purse, commands. */
  #initialize(command: Command): Step {
    const { p1, p2, data } = command;
    const book = this.#books.book(p2);
    const compound = p1 === 0x03 && this.#books.data.transit !== undefined && p2 === this.#books.transitP2;
    if (book === undefined || (p1 !== 0x00 && p1 !== 0x01 && !compound)) return { answer: refuse(SW.wrongP1P2) };
    if (data.length !== 0x0b) return { answer: refuse(SW.wrongLength) };
    if (this.#pinMissing(book)) return { answer: refuse(SW.securityNotSatisfied) };
    if (data[0] !== this.#books.data.keyIndex) return { answer: refuse(SW.keyIndexUnknown) };
    return p1 === 0x00 ? this.#loads.initialize(command, book) : this.#purchases.initialize(command, book, compound);
  }

  #pinMissing(book: Book): boolean {
    return this.#books.guarded(book) && !this.#holder.open;
  }

  #other(command: Command): Answer {
    switch (codeOf(command)) {
      case 0x0084:
        return this.#books.core.drawChallenge(command);
      case 0x00b0:
        return this.#files.readBinary(command, this.#holder.open);
      case 0x00b2:
        return this.#files.readRecord(command, this.#holder.open);
      case 0x805a:
        return this.#prove(command);
      case 0x805c:
        return this.#balance(command);
      case 0x80ca:
        return this.#authenticationCode(command);
      default:
        return this.#books.data.maintenance === undefined ? refuseForeign(command) : this.#maintain(command);
    }
  }

  #maintain(command: Command): Answer {
    switch (codeOf(command)) {
      case 0x0020:
        return this.#holder.verify(command);
      case 0x805e:
        if (command.p1 === 0x00) return this.#holder.reload(command);
        return command.p1 === 0x01 && command.p2 === 0x00 ? this.#holder.change(command) : refuse(SW.wrongP1P2);
      case 0x8424:
        return this.#holder.unblock(command);
      case 0x841e:
        return this.#holder.block(command);
      case 0x8418:
        return this.#holder.lift(command);
      case 0x00d6:
      case 0x00dc:
        return refuse(SW.securityNotSatisfied);
      case 0x04d6:
      case 0x04dc:
        return this.#update(command);
      default:
        return refuseForeign(command);
    }
  }

  /** UPDATE BINARY and UPDATE RECORD with a MAC. Spec: PBOC purse, secure messaging. */
  #update(command: Command): Answer {
    const secured = this.#holder.securedContent(command);
    if ("sw" in secured) return refuse(secured.sw);
    if (command.ins === 0xd6) return this.#files.updateBinary(command, secured.content);
    const found = this.#files.find(command, secured.content);
    if (!found.ok) return found.answer;
    this.#books.remember({ written: this.#files.written([found.update]) });
    return ok();
  }

  /** GET TRANSACTION PROVE: MAC, then TAC, of the last transaction of each counter, if type and sequence are the ones asked for. */
  #prove(command: Command): Answer {
    if (command.p1 !== 0x00) return refuse(SW.wrongP1P2);
    if (command.data.length !== 2) return refuse(SW.wrongLength);
    const proof = this.#books.proof(command.p2, readUint(command.data, 0, 2));
    return proof === undefined ? refuse(SW.noProof) : ok(concat(fromHex(proof.mac), fromHex(proof.tac)));
  }

  /** GET BALANCE: P1 00 what may be spent, 01 the overdraft in it, 03 the holder's own money, as the profile has them. Spec: JT/T 978, balance. */
  #balance(command: Command): Answer {
    const book = this.#books.book(command.p2);
    const value = book === undefined ? undefined : this.#balanceForm(command.p1, book);
    if (book === undefined || value === undefined) return refuse(SW.wrongP1P2);
    if (command.data.length > 0) return refuse(SW.wrongLength);
    return this.#pinMissing(book) ? refuse(SW.securityNotSatisfied) : ok(u32be(value));
  }

  #balanceForm(form: number, book: Book): number | undefined {
    const rule = this.#books.rules.profile.transitBalance;
    const { transit } = this.#books.data;
    const flag = transit?.balanceFlag === true ? BALANCE_FLAG : 0;
    // A card with one figure only shows the holder's own money in it.
    if (form === 0x00) return (rule === "5C0002" ? ownMoney(book) : spendable(book)) + flag;
    if (form === 0x01 && rule === "5C0002-5C0102" && (transit !== undefined || book.overdraftLimitFen > 0)) return book.overdraftLimitFen;
    return form === 0x03 && rule === "5C0302" && transit !== undefined ? ownMoney(book) + flag : undefined;
  }

  /** GET DATA of the 9-byte code that a compound purchase's MAC1 may end with (80 CA 00 00 09). Spec: CJ/T 166, GET DATA. */
  #authenticationCode(command: Command): Answer {
    const { transit } = this.#books.data;
    const offered = transit !== undefined && (transit.scheme === "housing" || this.#books.rules.profile.cappAuthSuffix === "mohurd9");
    if (!offered) return refuseForeign(command);
    if (command.p1 !== 0x00 || command.p2 !== 0x00) return refuse(SW.wrongP1P2);
    return command.data.length > 0 ? refuse(SW.wrongLength) : ok(fromHex(transit.authenticationCodeHex));
  }

  #controlInformation(): Bytes {
    const issuerData = concat(Uint8Array.of(0x9f, 0x0c, 0x1e), this.#files.publicData());
    const body = concat(Uint8Array.of(0x84, this.#name.length), this.#name, Uint8Array.of(0xa5, issuerData.length), issuerData);
    return concat(Uint8Array.of(0x6f, body.length), body);
  }
}
