/*
 * The card reader process: the only importer of the native binding, which can block for ever, loses its monitor after
 * one error and aborts in worker threads. It is started, bounded in time and killed by supervisor.ts; it decides nothing.
 */
import { Buffer } from "node:buffer";
import type pcsclite from "pcsclite";
import type { Bytes } from "../../base/bytes.ts";
import { endWhenClosed } from "./lost-end.ts";
import type { ConnectMode, ReaderCall, ReaderMessage, ReaderRequest } from "./protocol.ts";

type Service = ReturnType<typeof pcsclite>;
type NativeReader = Parameters<Parameters<Service["on"]>[1]>[0];
type Binding = typeof pcsclite;

/** Longest short-form response with its status word. */
const RESPONSE_MAX = 258;
/** Room that CCID drivers want for a feature list and a PIN answer is 36 bytes; a little more is never refused. */
const CONTROL_RESPONSE_MAX = 258;
const SERVICE_RETRY_MS = 100;
const ALIVE_MS = 1_000;
/** A reader that has ended is listed again by then, or away for longer. */
const RETURN_MS = 5_000;

interface KnownReader {
  readonly native: NativeReader;
  protocol: number;
}

function tell(message: ReaderMessage): void {
  // A parent that has gone away is told by "disconnect"; a message that no longer reaches it is no error of ours.
  process.send?.(message, undefined, undefined, () => undefined);
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : JSON.stringify(error);
}

/** Turns one callback call of the binding into a promise. */
function native<Value>(start: (done: (error: unknown, value: Value) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === undefined || error === null) resolve(value);
      else reject(error instanceof Error ? error : new Error(textOf(error)));
    });
  });
}

async function disconnect(reader: NativeReader): Promise<void> {
  if (!reader.connected) return;
  try {
    await native<void>((done) => reader.disconnect(reader.SCARD_UNPOWER_CARD, (error: unknown) => done(error, undefined)));
  } finally {
    // A disconnect that failed has left nothing worth keeping; without this the binding would take the next connect for done.
    reader.connected = false;
  }
}

class ReaderProcess {
  readonly #readers = new Map<string, KnownReader>();
  /** Readers that have ended and not come back yet. */
  readonly #awaited = new Map<string, NodeJS.Timeout>();
  #underWay = 0;

  /** Opens the service, and goes on asking for one that is absent: its start is not announced to anybody. */
  open(binding: Binding): void {
    let service: Service;
    try {
      service = binding();
    } catch (error) {
      tell({ is: "service-absent", message: textOf(error) });
      setTimeout(() => this.open(binding), SERVICE_RETRY_MS);
      return;
    }
    service.on("error", (error: unknown) => tell({ is: "service-lost", message: textOf(error) }));
    service.on("reader", (reader) => this.#watch(reader));
    tell({ is: "service-up" });
  }

  async serve(request: ReaderRequest): Promise<void> {
    this.#underWay += 1;
    try {
      tell({ is: "answer", id: request.id, data: await this.#perform(request) });
    } catch (error) {
      tell({ is: "error", id: request.id, message: textOf(error) });
    } finally {
      this.#underWay -= 1;
    }
  }

  /**
   * A reader that goes and comes back faster than the binding looks is never told of again: its list looks the same as before. A new
   * process sees what is there; it is asked for when no call is under way, and once for each end.
   */
  #lookAgain(name: string): void {
    clearTimeout(this.#awaited.get(name));
    const timer = setTimeout(() => {
      if (this.#underWay > 0) this.#lookAgain(name);
      else tell({ is: "service-lost", message: "a reader has not come back to this process" });
    }, RETURN_MS);
    this.#awaited.set(name, timer);
  }

  #watch(native: NativeReader): void {
    const { name } = native;
    clearTimeout(this.#awaited.get(name));
    this.#awaited.delete(name);
    // Listeners come before anything else: an unheard error event would end this process without a word.
    native.on("error", (error: unknown) => tell({ is: "service-lost", message: textOf(error) }));
    native.on("end", () => {
      this.#readers.delete(name);
      tell({ is: "reader-end", reader: name });
      this.#lookAgain(name);
    });
    endWhenClosed(native);
    native.on("status", (status) => tell({ is: "state", reader: name, state: status.state, atr: status.atr ?? new Uint8Array(0) }));
    this.#readers.set(name, { native, protocol: 0 });
  }

  #reader(name: string): KnownReader {
    const reader = this.#readers.get(name);
    // 80100009 is the service's own number for a reader that it does not know.
    if (reader === undefined) throw new Error("unknown reader (0x80100009)");
    return reader;
  }

  #perform(call: ReaderCall): Promise<Bytes> {
    const reader = this.#reader(call.reader);
    switch (call.op) {
      case "connect":
        return connect(reader, call.mode);
      case "transmit":
        return native<Bytes>((done) => reader.native.transmit(Buffer.from(call.data), RESPONSE_MAX, reader.protocol, done));
      case "control":
        return control(reader.native, call.code, call.data);
      case "disconnect":
        return disconnect(reader.native).then(() => new Uint8Array(0));
      case "tell":
        return tellReader(reader, call);
    }
  }
}

async function connect(reader: KnownReader, mode: ConnectMode): Promise<Bytes> {
  const { native: card } = reader;
  await disconnect(card).catch(() => undefined);
  const direct = mode === "direct";
  reader.protocol = await native<number>((done) =>
    card.connect(
      {
        share_mode: direct ? card.SCARD_SHARE_DIRECT : card.SCARD_SHARE_EXCLUSIVE,
        protocol: direct ? 0 : card.SCARD_PROTOCOL_T0 | card.SCARD_PROTOCOL_T1,
      },
      done,
    ),
  );
  return Uint8Array.of(reader.protocol & 0xff);
}

function control(reader: NativeReader, code: number, data: Bytes): Promise<Bytes> {
  // The binding keeps a raw pointer to the input, which must stay alive until the answer is there.
  const input = Buffer.from(data);
  return native<Bytes>((done) => reader.control(input, code, CONTROL_RESPONSE_MAX, done)).finally(() => input.fill(0));
}

/** A reader that is connected for this alone is let go as it was: its card, if there is one, keeps its power. */
async function tellReader(reader: KnownReader, { code, data, withCard }: Extract<ReaderCall, { op: "tell" }>): Promise<Bytes> {
  const { native: device } = reader;
  if (device.connected && withCard === "transmit") {
    return native<Bytes>((done) => device.transmit(Buffer.from(data), RESPONSE_MAX, reader.protocol, done));
  }
  if (device.connected) return control(device, code, data);
  await connect(reader, "direct");
  try {
    return await control(device, code, data);
  } finally {
    await native<void>((done) => device.disconnect(device.SCARD_LEAVE_CARD, (error: unknown) => done(error, undefined))).catch(() => undefined);
    device.connected = false;
  }
}

async function main(): Promise<void> {
  const readers = new ReaderProcess();
  // Whoever started this process is gone: nothing may linger, least of all a native call that never ends.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  setInterval(() => tell({ is: "alive" }), ALIVE_MS);
  process.on("message", (message) => {
    // The sender is supervisor.ts of the same build.
    void readers.serve(message as ReaderRequest);
  });
  try {
    const loaded = await import("pcsclite");
    readers.open(loaded.default);
  } catch (error) {
    tell({ is: "binding-missing", message: textOf(error) });
  }
}

await main();
