/*
 * Goal: the acquirer as a terminal meets it without a broker: one port on loopback, frames with a length of two bytes, one message each.
 * Method: Node's own sockets in front of an acquirer's exchange; between them stands one planned fault, or none. Frames of one line are answered in
 * their order. Spec: UnionPay terminal, frame.
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Bytes, concat, u16be } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import type { Clock } from "../../../device/base/ports.ts";
import { type LineFault, type LineFaults, noLineFaults, takeLineFault } from "./line-faults.ts";

export interface AcquirerServerOptions {
  readonly clock: Clock;
  /** The acquirer's: undefined means that no reply will ever come. */
  readonly exchange: (body: Bytes) => Promise<Bytes | undefined>;
  /** 0, or left out: the system chooses. */
  readonly port?: number;
  readonly faults?: LineFaults;
}

export interface AcquirerServer {
  readonly port: number;
  /** May be changed at any time. */
  readonly faults: LineFaults;
  /** Frames that came, and lines that were dropped, each with its reason. */
  readonly counters: ReadonlyMap<string, number>;
  /** Ends the server and every line that is open. */
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const LENGTH_BYTES = 2;
const FRAME_BYTES_MAX = 8_192;
const LINES_MAX = 64;
/** Frames of one line that wait for their answer. */
const QUEUE_MAX = 16;
const PIECE_BYTES = 7;

/** One line: what has come of a frame so far, and the frames that wait for their turn. */
interface Line {
  readonly socket: Socket;
  pending: Bytes;
  readonly queue: Bytes[];
  busy: boolean;
}

class LoopbackAcquirer implements AcquirerServer {
  readonly faults: LineFaults;
  readonly #options: AcquirerServerOptions;
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  readonly #counters = new Map<string, number>();
  readonly #closed = new AbortController();

  constructor(options: AcquirerServerOptions) {
    this.#options = options;
    this.faults = options.faults ?? noLineFaults();
    this.#server = createServer((socket) => this.#open(socket));
    this.#server.maxConnections = LINES_MAX;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port ?? 0, LOOPBACK, () => resolve(this));
    });
  }

  close(): Promise<void> {
    this.#closed.abort();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const { socket } of this.#lines) socket.destroy();
    });
  }

  #open(socket: Socket): void {
    const line: Line = { socket, pending: new Uint8Array(0), queue: [], busy: false };
    this.#lines.add(line);
    socket.once("close", () => this.#lines.delete(line));
    // A terminal that hangs up in the middle of something is no event for an acquirer.
    socket.on("error", () => socket.destroy());
    socket.on("data", (part: Buffer) => this.#take(line, Uint8Array.from(part)));
  }

  #take(line: Line, part: Bytes): void {
    line.pending = concat(line.pending, part);
    for (;;) {
      const length = ((line.pending[0] ?? 0) << 8) | (line.pending[1] ?? 0);
      if (length > FRAME_BYTES_MAX || line.queue.length > QUEUE_MAX) {
        this.#drop(line, length > FRAME_BYTES_MAX ? "frame too long" : "too many frames");
        return;
      }
      if (line.pending.length < LENGTH_BYTES + length || line.pending.length < LENGTH_BYTES) break;
      line.queue.push(line.pending.slice(LENGTH_BYTES, LENGTH_BYTES + length));
      line.pending = line.pending.slice(LENGTH_BYTES + length);
    }
    if (!line.busy) void this.#work(line);
  }

  #drop(line: Line, why: string): void {
    this.#count(`dropped: ${why}`);
    line.socket.destroy();
  }

  async #work(line: Line): Promise<void> {
    line.busy = true;
    for (let body = line.queue.shift(); body !== undefined; body = line.queue.shift()) {
      this.#count("frame");
      const fault = takeLineFault(this.faults);
      const reply = fault.pass ? await this.#options.exchange(body) : new Uint8Array(0);
      // An acquirer that never answers leaves its caller waiting.
      if (reply !== undefined) await this.#answer(line, fault, reply);
    }
    line.busy = false;
  }

  async #answer({ socket }: Line, fault: LineFault, reply: Bytes): Promise<void> {
    const frame = concat(u16be(reply.length), reply);
    switch (fault.reply) {
      case "normal":
        socket.write(frame);
        return;
      case "hang":
        return;
      case "reset":
        socket.resetAndDestroy();
        return;
      case "half":
        socket.write(frame.subarray(0, Math.floor(frame.length / 2)), () => socket.destroy());
        return;
      case "pieces":
        await this.#pieces(socket, fault, frame);
        return;
      case "twice":
        socket.write(concat(frame, frame));
        return;
      case "long-length":
        socket.write(concat(u16be(reply.length + 5), reply));
        return;
      case "empty":
        socket.write(concat(u16be(0), frame));
        return;
    }
  }

  async #pieces(socket: Socket, { slowMs }: LineFault, frame: Bytes): Promise<void> {
    try {
      for (let at = 0; at < frame.length; at += PIECE_BYTES) {
        socket.write(frame.subarray(at, at + PIECE_BYTES));
        await this.#options.clock.sleep(slowMs, this.#closed.signal);
      }
    } catch (error) {
      // The server was closed in the middle of a reply; its lines are gone.
      if (!isFault(error, "cancelled")) throw error;
    }
  }

  #count(event: string): void {
    this.#counters.set(event, (this.#counters.get(event) ?? 0) + 1);
  }
}

/** Opens the acquirer's port on loopback. Rejects where it is taken. */
export function openAcquirerServer(options: AcquirerServerOptions): Promise<AcquirerServer> {
  return new LoopbackAcquirer(options).listen();
}
