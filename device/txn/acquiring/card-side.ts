/* One presented card during a bank act: waited for, read, asked for its cryptogram, told the issuer's answer. */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import type { IssuerAnswer } from "../../card/electronic-cash/generate.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import { CardTrouble } from "../card-trouble.ts";
import { type ChipAccount, type ChipCard, type ChipEnd, type ChipTerms, type ChipUnusable, type ChipWord, type HolderWord, readBankCard } from "./chip.ts";
import type { BankBounds, BankPorts } from "./ports.ts";

export class BankCardSide {
  readonly #ports: BankPorts;
  readonly #bounds: BankBounds;
  readonly #signal: AbortSignal;
  readonly #deadlineMs: number;
  readonly #trouble: CardTrouble;
  #channel: CardChannel | undefined;
  #card: ChipCard | undefined;

  /** `timeoutMs` bounds the wait for the card and its reading. */
  constructor(ports: BankPorts, bounds: BankBounds, limits: Limits) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#signal = limits.signal;
    this.#deadlineMs = ports.clock.monotonicMs() + limits.timeoutMs;
    this.#trouble = new CardTrouble(ports.reader);
  }

  /** For an outcome without a card. */
  get trouble(): CardTrouble {
    return this.#trouble;
  }

  /** Time that is left for everything before the bank is asked. */
  get left(): Limits {
    return { timeoutMs: Math.max(0, this.#deadlineMs - this.#ports.clock.monotonicMs()), signal: this.#signal };
  }

  get card(): ChipCard | undefined {
    return this.#card;
  }

  get account(): ChipAccount | undefined {
    return this.#card?.account;
  }

  /** False when the time is over. */
  async wait(pauseMs: number): Promise<boolean> {
    await this.close();
    this.#channel = await awaitCard(this.#ports, { deadlineMs: this.#deadlineMs, signal: this.#signal, trouble: this.#trouble, pauseMs });
    return this.#channel !== undefined;
  }

  /** Faults: those of the channel, and "timeout" without effect. */
  async read(terms: ChipTerms): Promise<ChipCard | ChipUnusable> {
    const { cash, reader } = this.#ports;
    // A reader of modules takes no cards of holders.
    const parts = { cash, interface: reader.interface === "contact" ? "contact" : "contactless" } as const;
    const read = await readBankCard({ channel: this.#open(), limits: () => this.#early() }, parts, terms);
    if (read.kind === "ok") this.#card = read;
    return read;
  }

  /** Faults: those of the channel. */
  sign(holder: HolderWord): Promise<({ readonly kind: "signed" } & ChipWord) | ChipUnusable> {
    return this.#read().sign({ channel: this.#open(), limits: () => this.#command(this.#signal) }, holder);
  }

  /** The bank has answered: whoever gave up meanwhile changes nothing any more. Faults: those of the channel. */
  complete(issuer: IssuerAnswer, approved: boolean): Promise<ChipEnd> {
    return this.#read().complete({ channel: this.#open(), limits: () => this.#command(neverAborted()) }, issuer, approved);
  }

  noteFault(fault: Fault): void {
    this.#trouble.note(fault);
  }

  async close(): Promise<void> {
    await this.#channel?.close();
    this.#channel = undefined;
    this.#card = undefined;
  }

  #open(): CardChannel {
    assert(this.#channel !== undefined, "a card was presented");
    return this.#channel;
  }

  #read(): ChipCard {
    assert(this.#card !== undefined, "the card was read");
    return this.#card;
  }

  #early(): Limits {
    const { timeoutMs } = this.left;
    if (timeoutMs <= 0) throw new Fault("timeout", "the time for this card has passed", { effectUnknown: false });
    return { timeoutMs: Math.min(timeoutMs, this.#bounds.commandTimeoutMs), signal: this.#signal };
  }

  #command(signal: AbortSignal): Limits {
    return { timeoutMs: this.#bounds.commandTimeoutMs, signal };
  }
}
