/*
 * A card reader whose slots are in another process, so that a terminal may be killed at any point while cards and module stay as they
 * physically would: what they had received they do, then their contacts lose power.
 * Method: the frames of the simulated reader (simulators/reader/ifd-server.ts) over its Unix socket, one connection for commands and one that
 * tells of cards coming and going.
 */
import { connect, type Socket } from "node:net";
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, u8 } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault, type FaultCode, isFault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { CardChannel, CardInterface, CardReader } from "../../device/drivers/ports.ts";
import { FrameCutter, frame } from "../reader/frames.ts";
import { OP, RC } from "../reader/slot.ts";

/** First byte of a connection: what it is for. */
const FOR_COMMANDS = 1;
const FOR_EVENTS = 2;
/** Time for the desk to answer what needs no card. */
const DESK_TIMEOUT_MS = 5_000;

export interface RemoteReaderOptions {
  readonly name: string;
  readonly interface: CardInterface;
  readonly socketPath: string;
  readonly slot: number;
  readonly clock: Clock;
}

function fault(code: FaultCode, message: string, effectUnknown: boolean): Fault {
  return new Fault(code, message, { effectUnknown });
}

/** Connects and says what for. Faults: "reader-gone". */
function greet(path: string, greeting: Bytes): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", () => reject(fault("reader-gone", "nobody is at the card desk", false)));
    socket.once("connect", () => {
      socket.on("error", () => socket.destroy());
      socket.write(frame(greeting));
      resolve(socket);
    });
  });
}

/** Requests are answered in their order; when the connection ends, what is open is answered with undefined. */
class CommandLine {
  readonly #socket: Socket;
  #waiting: ((answer: Bytes | undefined) => void)[] = [];
  #open = true;

  constructor(socket: Socket, onEnd: () => void) {
    this.#socket = socket;
    const cutter = new FrameCutter();
    socket.on("data", (chunk: Buffer) => {
      const bodies = cutter.push(new Uint8Array(chunk));
      if (bodies === undefined) socket.destroy();
      else for (const body of bodies) this.#waiting.shift()?.(body);
    });
    socket.on("close", () => {
      this.#open = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const answer of waiting) answer(undefined);
      onEnd();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  request(body: Bytes): Promise<Bytes | undefined> {
    if (!this.#open) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(frame(body));
    });
  }

  end(): void {
    this.#open = false;
    this.#socket.destroy();
  }
}

export class RemoteReader implements CardReader {
  readonly name: string;
  readonly interface: CardInterface;
  readonly #options: RemoteReaderOptions;
  #commands: CommandLine | undefined;
  #events: Socket | undefined;
  /** Counts what came and went, connections too; also the number of an insertion. */
  #changes = 0;
  #present = false;
  #closed = false;
  #watchers: (() => void)[] = [];

  constructor(options: RemoteReaderOptions) {
    this.name = options.name;
    this.interface = options.interface;
    this.#options = options;
  }

  async waitForCard(limits: Limits): Promise<CardChannel> {
    const untilMs = this.#options.clock.monotonicMs() + limits.timeoutMs;
    for (;;) {
      if (this.#closed) throw fault("closed", `${this.name} is closed`, false);
      const line = await this.#connected(limits);
      const seen = this.#changes;
      const channel = (await this.#isPresent(line, limits)) ? await this.#power(line, limits) : undefined;
      if (channel !== undefined) return channel;
      if (seen === this.#changes) await this.#nextChange(untilMs, limits);
    }
  }

  async waitForRemoval(limits: Limits): Promise<void> {
    const untilMs = this.#options.clock.monotonicMs() + limits.timeoutMs;
    while (!this.#closed) {
      const seen = this.#changes;
      try {
        if (!(await this.#isPresent(await this.#connected(limits), limits))) return;
      } catch (error) {
        // A reader that is gone counts as empty.
        if (isFault(error, "reader-gone")) return;
        throw error;
      }
      if (seen === this.#changes) await this.#nextChange(untilMs, limits);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#disconnect();
    return Promise.resolve();
  }

  #disconnect(): void {
    this.#commands?.end();
    this.#events?.destroy();
    this.#commands = undefined;
    this.#events = undefined;
    this.#changed();
  }

  async #connected(limits: Limits): Promise<CommandLine> {
    if (this.#commands?.open === true) return this.#commands;
    this.#disconnect();
    const { socketPath, slot } = this.#options;
    const events = await this.#bounded(greet(socketPath, Uint8Array.of(FOR_EVENTS, slot)), limits);
    events.on("data", () => this.#changed());
    events.on("close", () => this.#changed());
    this.#events = events;
    const commands = await this.#bounded(greet(socketPath, Uint8Array.of(FOR_COMMANDS, slot)), limits);
    this.#commands = new CommandLine(commands, () => this.#changed());
    return this.#commands;
  }

  async #isPresent(line: CommandLine, limits: Limits): Promise<boolean> {
    const answer = await this.#bounded(line.request(u8(OP.presence)), limits);
    if (answer === undefined) throw fault("reader-gone", `${this.name}: the desk has gone`, false);
    this.#present = answer[1] === 1;
    return this.#present;
  }

  /** Powers the card; undefined when it left meanwhile. */
  async #power(line: CommandLine, limits: Limits): Promise<CardChannel | undefined> {
    const answer = await this.#bounded(line.request(u8(OP.powerUp)), limits);
    if (answer === undefined) throw fault("reader-gone", `${this.name}: the desk has gone`, false);
    if (answer[0] === RC.absent) return undefined;
    if (answer[0] !== RC.ok) throw fault("card-mute", `${this.name}: no answer to reset`, false);
    const insertion = this.#changes;
    const standing = (): FaultCode | undefined => {
      if (!line.open) return "reader-gone";
      if (insertion === this.#changes) return undefined;
      return this.#present ? "card-changed" : "card-removed";
    };
    return new RemoteChannel({ atr: answer.slice(1), insertion, line, standing, clock: this.#options.clock, where: this.name });
  }

  #bounded<Value>(work: Promise<Value>, limits: Limits): Promise<Value> {
    return withDeadline(work, { clock: this.#options.clock, what: this.name, effectUnknown: false, timeoutMs: DESK_TIMEOUT_MS, signal: limits.signal });
  }

  #changed(): void {
    this.#changes += 1;
    this.#present = false;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  async #nextChange(untilMs: number, limits: Limits): Promise<void> {
    const { clock } = this.#options;
    const change = new Promise<void>((resolve) => {
      this.#watchers.push(resolve);
    });
    const timeoutMs = Math.max(0, untilMs - clock.monotonicMs());
    await withDeadline(change, { clock, what: `change in ${this.name}`, effectUnknown: false, timeoutMs, signal: limits.signal });
  }
}

interface ChannelOptions {
  readonly atr: Bytes;
  readonly insertion: number;
  readonly line: CommandLine;
  /** Why nothing can be sent any more. */
  readonly standing: () => FaultCode | undefined;
  readonly clock: Clock;
  readonly where: string;
}

class RemoteChannel implements CardChannel {
  readonly atr: Bytes;
  readonly insertion: number;
  readonly #options: ChannelOptions;
  #busy = false;
  #closed = false;

  constructor(options: ChannelOptions) {
    this.atr = options.atr;
    this.insertion = options.insertion;
    this.#options = options;
  }

  async transmit(command: Bytes, limits: Limits): Promise<Bytes> {
    assert(!this.#busy, "one command at a time on a channel");
    const { clock, line, where } = this.#options;
    const standing = this.#closed ? "closed" : this.#options.standing();
    if (standing !== undefined) throw fault(standing, `${where}: nothing was sent`, false);
    if (limits.signal.aborted) throw fault("cancelled", `${where}: nothing was sent`, false);
    this.#busy = true;
    try {
      const sent = line.request(concat(Uint8Array.of(OP.transmit, 0), command));
      return this.#answer(await withDeadline(sent, { ...limits, clock, what: `command to ${where}`, effectUnknown: true, code: "reader-hung" }));
    } catch (error) {
      // Without its connection the card has no power: it cannot act behind the back of whoever gave up.
      this.#closed = true;
      line.end();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      if (this.#options.standing() === undefined) void this.#options.line.request(u8(OP.powerDown));
    }
    return Promise.resolve();
  }

  #answer(answer: Bytes | undefined): Bytes {
    const { where } = this.#options;
    if (answer === undefined) throw fault("reader-gone", `${where}: the desk has gone`, true);
    if (answer[0] === RC.ok && answer.length >= 3) return answer.slice(1);
    if (answer[0] === RC.absent) throw fault("card-removed", `${where}: the card left`, true);
    throw fault(answer[0] === RC.timeout ? "card-mute" : "reader-gone", `${where}: no answer`, true);
  }
}
