/*
 * The door of the shared library: a Unix socket of this machine, at which whoever may open it speaks the wire of protocol.ts. Connections,
 * frames and waits have bounds; a connection that says anything else is ended and nothing was done.
 */
import { chmodSync, existsSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { FunctionName, LibraryAnswer } from "./functions.ts";
import type { LibraryCaller, ReaderLibrary } from "./library.ts";
import { buildAnswer, FrameCutter, frameOf, parseCall } from "./protocol.ts";

export interface LibraryServerOptions {
  readonly library: ReaderLibrary;
  readonly clock: Clock;
  readonly log: Log;
  /** Path of the socket; the file of a service that ended without removing it is replaced. */
  readonly socketPath: string;
  /** Permission bits of the socket: who may open it may ask for everything. */
  readonly mode: number;
  /** Our own mistake came to light; whoever assembled the terminal ends the process. */
  readonly onDefect: (error: unknown) => void;
}

export interface LibraryServer {
  /** What it serves, for the terminal's other doors. */
  readonly library: ReaderLibrary;
  /** Ends every connection; a sale under way goes on to its end. */
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 16;
/** Time for a frame that has begun to end. */
const FRAME_TIMEOUT_MS = 5_000;
/** Longest path of a socket on this system, its zero counted. */
const PATH_BYTES_MAX = 108;

/** Faults: "config-invalid" when the socket cannot be made. */
export async function serveReaderLibrary(options: LibraryServerOptions): Promise<LibraryServer> {
  const { socketPath, mode } = options;
  const unusable = (why: string, cause?: unknown) => new Fault("config-invalid", `the socket of the reader library: ${why}`, { effectUnknown: false, cause });
  if (Buffer.byteLength(socketPath) >= PATH_BYTES_MAX) throw unusable("its path is too long");
  if (!(await removeStale(socketPath))) throw unusable("somebody else serves there");
  const connections = new Set<Connection>();
  let opened = 0;
  const server = createServer((socket) => {
    opened += 1;
    const connection = new Connection(options, { socket, name: `connection/${opened}` });
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
  });
  server.maxConnections = CONNECTIONS_MAX;
  try {
    await listen(server, socketPath);
    chmodSync(socketPath, mode);
  } catch (error) {
    server.close();
    throw unusable("it cannot be made", error);
  }
  return {
    library: options.library,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const connection of connections) connection.end();
      await closed;
      await options.library.close();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A socket at which nobody listens is what a killed service left. False: somebody listens, or it is no socket. */
async function removeStale(path: string): Promise<boolean> {
  if (!existsSync(path)) return true;
  if (!lstatSync(path).isSocket() || (await answers(path))) return false;
  unlinkSync(path);
  return true;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

/** One connection is one caller: it asks, waits for the answer, asks again. */
class Connection {
  readonly #options: LibraryServerOptions;
  readonly #socket: Socket;
  readonly #caller: LibraryCaller;
  readonly #gone = new AbortController();
  readonly #cutter = new FrameCutter();
  #asking = false;
  #frameTimer: AbortController | undefined;

  constructor(options: LibraryServerOptions, { socket, name }: { readonly socket: Socket; readonly name: string }) {
    this.#options = options;
    this.#socket = socket;
    this.#caller = { name };
    socket.on("data", (chunk: Buffer) => this.#take(new Uint8Array(chunk)));
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#leave());
  }

  end(): void {
    this.#socket.destroy();
  }

  #leave(): void {
    this.#gone.abort();
    this.#frameTimer?.abort();
    this.#options.library.leave(this.#caller).catch(this.#options.onDefect);
  }

  #take(chunk: Bytes): void {
    const cut = this.#cutter.push(chunk);
    if (!cut.ok) {
      this.#refuse(cut.reason);
      return;
    }
    this.#watchFrame();
    const [frame, ...more] = cut.frames;
    if (frame === undefined) return;
    // A caller waits for its answer before it asks again.
    if (more.length > 0 || this.#asking) this.#refuse("question-too-early");
    else this.#ask(frame);
  }

  #watchFrame(): void {
    this.#frameTimer?.abort();
    this.#frameTimer = undefined;
    if (!this.#cutter.inside) return;
    const timer = new AbortController();
    this.#frameTimer = timer;
    this.#options.clock.sleep(FRAME_TIMEOUT_MS, timer.signal).then(
      () => this.#refuse("frame-too-slow"),
      () => undefined,
    );
  }

  #refuse(reason: string): void {
    this.#options.log.warn("reader-library-refused", { reason });
    this.#socket.destroy();
  }

  #ask(frame: Bytes): void {
    const parsed = parseCall(frame);
    if (!parsed.ok) {
      this.#refuse(parsed.reason);
      return;
    }
    const { library, log, onDefect } = this.#options;
    const { name } = parsed.call;
    this.#asking = true;
    library.call(this.#caller, parsed.call, this.#gone.signal).then(
      (answer) => {
        this.#asking = false;
        log.info("reader-library-call", { function: name, result: answer.result });
        this.#answer(name, answer);
      },
      (error: unknown) => {
        this.#socket.destroy();
        onDefect(error);
      },
    );
  }

  #answer(name: FunctionName, answer: LibraryAnswer): void {
    if (!this.#socket.writable) return;
    const built = buildAnswer(name, answer);
    assert(built.ok, "the library gives answers that fit");
    this.#socket.write(frameOf(built.bytes));
  }
}
