/*
 * The card in the reader of the machine, by the protocol of virtual smart cards: a header of three big-endian words (type, reader, length),
 * then the payload. The emulator's reader is the other end; what it is given as an answer to reset and as answers is a simulated card's.
 */
import type { Socket } from "node:net";
import { type Bytes, concat, fromHex, readUint, u32be, utf8 } from "../../device/base/bytes.ts";
import type { CardModule } from "../../simulators/card/card.ts";

const TYPE = { init: 1, readerAdd: 3, answerToReset: 5, cardRemove: 6, command: 7 } as const;
const HEADER_BYTES = 12;
/** "VSCD", version 2, no capabilities. */
const GREETING = fromHex("565343440000000200000000");
const MESSAGE_BYTES_MAX = 65_536;

export class CardInReader {
  readonly #socket: Socket;
  #card: CardModule | undefined;
  #received: Bytes = new Uint8Array(0);
  #holdNext = false;
  #held: (() => void) | undefined;
  #isHeld: Promise<void> = Promise.resolve();

  /** Introduces itself to a reader that has just been plugged in; `card` lies in it already. */
  constructor(socket: Socket, card: CardModule | undefined) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(new Uint8Array(chunk)));
    this.#send(TYPE.init, GREETING);
    this.#send(TYPE.readerAdd, utf8("Simulated card\0"));
    if (card !== undefined) this.insert(card);
  }

  insert(card: CardModule): void {
    this.#card = card;
    this.#send(TYPE.answerToReset, card.powerUp());
  }

  remove(): void {
    this.#card?.powerDown();
    this.#card = undefined;
    this.#send(TYPE.cardRemove, new Uint8Array(0));
  }

  /** The next command gets no answer; the promise resolves when it has come. */
  holdNext(): void {
    this.#holdNext = true;
    this.#isHeld = new Promise((resolve) => {
      this.#held = resolve;
    });
  }

  get held(): Promise<void> {
    return this.#isHeld;
  }

  /** The reader is gone, and the power of its card with it. */
  close(): void {
    this.#card?.powerDown();
    this.#socket.destroy();
  }

  #send(type: number, payload: Bytes): void {
    this.#socket.write(concat(u32be(type), u32be(0), u32be(payload.length), payload));
  }

  #receive(chunk: Bytes): void {
    this.#received = concat(this.#received, chunk);
    while (this.#received.length >= HEADER_BYTES) {
      const length = readUint(this.#received, 8, 4);
      if (length > MESSAGE_BYTES_MAX) return void this.#socket.destroy();
      if (this.#received.length < HEADER_BYTES + length) return;
      const type = readUint(this.#received, 0, 4);
      const payload = this.#received.slice(HEADER_BYTES, HEADER_BYTES + length);
      this.#received = this.#received.slice(HEADER_BYTES + length);
      if (type === TYPE.command) this.#answer(payload);
    }
  }

  #answer(command: Bytes): void {
    if (this.#holdNext) {
      this.#holdNext = false;
      return this.#held?.();
    }
    const answer = this.#card?.transmit(command);
    if (answer !== undefined && answer.length >= 2) this.#send(TYPE.command, answer);
  }
}
