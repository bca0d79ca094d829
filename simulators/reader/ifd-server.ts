/*
 * The simulator's end of the reader handler's sockets. It runs in another process than whoever loads the PC/SC binding.
 * Requests of one connection are answered in order; an answer that belongs to a former insertion never leaves.
 */
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Bytes } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import { FrameCutter, frame } from "./frames.ts";
import { ReaderSlot } from "./slot.ts";

const KIND_COMMANDS = 1;
const KIND_EVENTS = 2;
const WAKE = Uint8Array.of(1);

export class IfdServer {
  readonly socketPath: string;
  readonly slots: readonly ReaderSlot[];
  readonly #connections = new Set<Socket>();
  readonly #eventConnections: Set<Socket>[];
  #server: Server | undefined;

  constructor(options: { readonly socketPath: string; readonly slots: number; readonly clock: Clock }) {
    this.socketPath = options.socketPath;
    this.#eventConnections = Array.from({ length: options.slots }, () => new Set<Socket>());
    this.slots = this.#eventConnections.map(
      (listeners) =>
        new ReaderSlot(options.clock, () => {
          for (const socket of listeners) socket.write(WAKE);
        }),
    );
  }

  get plugged(): boolean {
    return this.#server !== undefined;
  }

  /** Listens: the reader is plugged in. */
  async plug(): Promise<void> {
    if (this.#server !== undefined) return;
    rmSync(this.socketPath, { force: true });
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.socketPath, resolve);
    });
  }

  /** Closes everything at once: the reader is unplugged. Cards stay in their slots without power. */
  async unplug(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const socket of this.#connections) socket.destroy();
    for (const slot of this.slots) slot.losePower();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    const cutter = new FrameCutter();
    let slot: ReaderSlot | undefined;
    let order: Promise<void> = Promise.resolve();
    const forget = () => {
      this.#connections.delete(socket);
      for (const listeners of this.#eventConnections) listeners.delete(socket);
      slot?.losePower();
    };
    socket.on("error", () => socket.destroy());
    socket.on("close", forget);
    socket.on("data", (chunk: Buffer) => {
      const bodies = cutter.push(new Uint8Array(chunk));
      if (bodies === undefined) {
        socket.destroy();
        return;
      }
      for (const body of bodies) {
        if (slot === undefined) slot = this.#greet(socket, body);
        else order = this.#reply(socket, slot, { body, order });
      }
    });
  }

  /** The first frame says what the connection is for; a command connection is bound to its slot. */
  #greet(socket: Socket, body: Bytes): ReaderSlot | undefined {
    const [kind, number = 0] = body;
    const slot = this.slots[number];
    const listeners = this.#eventConnections[number];
    if (slot === undefined || listeners === undefined || (kind !== KIND_COMMANDS && kind !== KIND_EVENTS)) {
      socket.destroy();
      return undefined;
    }
    if (kind === KIND_COMMANDS) return slot;
    listeners.add(socket);
    return undefined;
  }

  async #reply(socket: Socket, slot: ReaderSlot, request: { readonly body: Bytes; readonly order: Promise<void> }): Promise<void> {
    await request.order;
    const answer = await slot.serve(request.body);
    if (!socket.destroyed) socket.write(frame(answer));
  }
}
