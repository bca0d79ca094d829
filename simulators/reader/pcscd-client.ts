/*
 * A small client of pcscd's own socket, without any native addon: it shows that the daemon serves simulated cards, and nothing of
 * the product stands between. The protocol is internal to pcscd; both versions in use (4:4 and 4:5) are tried.
 */
import { createConnection, type Socket } from "node:net";
import { type Bytes, concat, toHex, utf8 } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";

const COMMAND = { establish: 1, connect: 4, disconnect: 6, transmit: 9, version: 0x11, readerStates: 0x12 } as const;
const READERS_MAX = 16;
const STATE_BYTES = 184;
const NAME_BYTES = 128;
const ATR_AT = 140;
const ATR_LENGTH_AT = 176;
const SHARE_SHARED = 2;
const PROTOCOL_ANY = 3;
const RESET = 1;
const REPLY_LIMIT_MS = 5_000;

export interface PcscReaderState {
  readonly name: string;
  /** Counts insertions and removals. */
  readonly events: number;
  readonly state: number;
  /** Hexadecimal; empty without a powered card. */
  readonly atr: string;
}

export interface PcscCard {
  readonly handle: number;
  readonly protocol: number;
}

function words(...values: readonly number[]): Bytes {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) view.setUint32(at * 4, value, true);
  return bytes;
}

function word(bytes: Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function failed(what: string, code: number): Fault {
  return new Fault("reader-refused", `${what}: 0x${code.toString(16)}`, { effectUnknown: true });
}

export class PcscdClient {
  readonly #socket: Socket;
  #held: Bytes = new Uint8Array(0);
  #wake: () => void = () => undefined;
  #context = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#held = concat(this.#held, new Uint8Array(chunk));
      this.#wake();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#wake());
  }

  /** Connects and agrees on a version. */
  static async open(socketPath: string): Promise<PcscdClient> {
    for (const minor of [4, 5]) {
      const socket = createConnection(socketPath);
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
      const client = new PcscdClient(socket);
      const version = await client.#call(COMMAND.version, words(4, minor, 0), 12);
      if (word(version, 8) === 0) {
        client.#context = word(await client.#call(COMMAND.establish, words(0, 0, 0), 12), 4);
        return client;
      }
      client.close();
    }
    throw failed("no common version with pcscd", 0);
  }

  async readers(): Promise<readonly PcscReaderState[]> {
    const all = await this.#call(COMMAND.readerStates, new Uint8Array(0), READERS_MAX * STATE_BYTES);
    const states = Array.from({ length: READERS_MAX }, (_, at) => all.slice(at * STATE_BYTES, (at + 1) * STATE_BYTES));
    return states
      .filter((state) => state[0] !== 0)
      .map((state) => ({
        name: new TextDecoder().decode(state.slice(0, state.indexOf(0))),
        events: word(state, NAME_BYTES),
        state: word(state, NAME_BYTES + 4),
        atr: toHex(state.slice(ATR_AT, ATR_AT + Math.min(33, word(state, ATR_LENGTH_AT)))),
      }));
  }

  async connect(reader: string): Promise<PcscCard> {
    const name = new Uint8Array(NAME_BYTES);
    name.set(utf8(reader));
    const answer = await this.#call(COMMAND.connect, concat(words(this.#context), name, words(SHARE_SHARED, PROTOCOL_ANY, 0, 0, 0)), 152);
    if (word(answer, 148) !== 0) throw failed("connect", word(answer, 148));
    return { handle: word(answer, 140), protocol: word(answer, 144) };
  }

  /** Sends one APDU; gives the response in full. */
  async transmit(card: PcscCard, command: Bytes): Promise<Bytes> {
    const head = words(card.handle, card.protocol, 16, command.length, 0, 16, 65_548, 0);
    const answer = await this.#call(COMMAND.transmit, concat(head, command), 32, head.length);
    if (word(answer, 28) !== 0) throw failed("transmit", word(answer, 28));
    return this.#take(word(answer, 24));
  }

  async disconnect(card: PcscCard): Promise<void> {
    await this.#call(COMMAND.disconnect, words(card.handle, RESET, 0), 12);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The header counts the fixed structure only; a command APDU behind it is not part of it. */
  async #call(command: number, body: Bytes, replyBytes: number, counted: number = body.length): Promise<Bytes> {
    this.#socket.write(concat(words(counted, command), body));
    return this.#take(replyBytes);
  }

  async #take(length: number): Promise<Bytes> {
    const timer = setTimeout(() => this.#socket.destroy(), REPLY_LIMIT_MS);
    while (this.#held.length < length && !this.#socket.destroyed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    clearTimeout(timer);
    if (this.#held.length < length) throw new Fault("reader-service-gone", "pcscd closed the connection", { effectUnknown: true });
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}
