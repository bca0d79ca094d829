/*
 * Goal: a card or a module at the end of a pipe: one line with a command, one line with its answer, and the same faults as in a reader.
 * Method: the slot of a reader without the reader. A command that hangs or is slow does not stop the lines behind it, so that
 * a card can be taken out while it is silent.
 */
import { type Bytes, concat, toHex } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import type { Clock } from "../../device/base/ports.ts";
import { OP, RC, ReaderSlot } from "../reader/slot.ts";
import { LINE_LENGTH_MAX, type LineReply, runLine, standFacts, standText } from "./sim-lines.ts";
import { hexLine, type SimOptions } from "./sim-options.ts";
import { ScenarioPlayer, type SimRun, scenarioLine } from "./sim-scenario.ts";
import { deviceAt, insertable, type OpenedModules, type Place, type SimIo, type Stand } from "./sim-stand.ts";
import { setTiming } from "./sim-timing.ts";

/** Time in which a command that neither hangs nor is slow has surely been answered. */
const GRACE_MS = 100;
/** The same with modelled times: a long record at 9,600 baud takes a third of a second. */
const TIMED_GRACE_MS = 1_000;

const REASONS: Readonly<Record<number, string>> = {
  [RC.communication]: "communication error",
  [RC.timeout]: "no answer in time",
  [RC.absent]: "the card is not there, or left under way",
  [RC.power]: "no answer to reset",
};

type Exchange = { readonly kind: "answered"; readonly bytes: Bytes } | { readonly kind: "none"; readonly reason: string };

/** One slot, driven by hand. */
export class LineReader {
  readonly place: Place;
  readonly #slot: ReaderSlot;
  #plugged = true;

  constructor(clock: Clock, modules: OpenedModules, name: Place["name"]) {
    const slot = new ReaderSlot(clock, () => undefined);
    this.#slot = slot;
    const device = deviceAt(modules, name);
    this.place = {
      slot,
      name,
      device,
      inserted: insertable(modules, device),
      emptinessSeen: () => Promise.resolve(),
      plugged: () => this.#plugged,
      plug: () => {
        this.#plugged = true;
        return Promise.resolve();
      },
      unplug: () => {
        this.#plugged = false;
        slot.release();
        slot.losePower();
        return Promise.resolve();
      },
    };
  }

  /** Power on, or a reset: the answer to reset. */
  async powerUp(): Promise<Exchange> {
    return this.#serve(Uint8Array.of(OP.powerUp));
  }

  async send(command: Bytes): Promise<Exchange> {
    if (this.#plugged && this.#slot.card?.powered === false) return { kind: "none", reason: "the card has no power: it gave no answer to reset" };
    return this.#serve(concat(Uint8Array.of(OP.transmit, 0x01), command));
  }

  async #serve(request: Bytes): Promise<Exchange> {
    if (!this.#plugged) return { kind: "none", reason: "the reader is unplugged" };
    const answer = await this.#slot.serve(request);
    const rc = answer[0] ?? RC.communication;
    if (!this.#plugged) return { kind: "none", reason: "the reader was unplugged" };
    return rc === RC.ok ? { kind: "answered", bytes: answer.slice(1) } : { kind: "none", reason: REASONS[rc] ?? `reader error ${rc}` };
  }
}

/** How results are written: bare hexadecimal with marks for people, or one JSON object a line. */
interface Writer {
  exchange(exchange: Exchange): void;
  /** One line for programs, also where a card that was put in has answered its reset. */
  reply(reply: Exclude<LineReply, { kind: "end" }>, reset?: Exchange): void;
  atr(exchange: Exchange): void;
  end(stand: Stand): void;
}

function exchangeFields(name: "answer" | "atr", it: Exchange): object {
  return it.kind === "answered" ? { [name]: toHex(it.bytes) } : { [name]: null, reason: it.reason };
}

function jsonWriter(io: SimIo): Writer {
  const object = (fields: object) => io.print(JSON.stringify(fields));
  return {
    exchange: (it) => object(exchangeFields("answer", it)),
    atr: (it) => object(exchangeFields("atr", it)),
    reply: (it, reset) =>
      object(it.kind === "done" ? { ok: true, ...it.facts, ...(reset === undefined ? {} : exchangeFields("atr", reset)) } : { ok: false, reason: it.reason }),
    end: (stand) => object({ event: "end", ...standFacts(stand) }),
  };
}

function textWriter(io: SimIo): Writer {
  const silent = (reason: string) => io.print(`! ${reason}`);
  const noted = (text: string) => io.print(text.replaceAll(/^/gm, "# "));
  const atr = (it: Exchange) => noted(it.kind === "answered" ? `ATR ${toHex(it.bytes)}` : it.reason);
  return {
    exchange: (it) => (it.kind === "answered" ? io.print(toHex(it.bytes)) : silent(it.reason)),
    atr,
    reply: (it, reset) => {
      noted(it.kind === "done" ? it.text : `refused: ${it.reason}`);
      if (reset !== undefined) atr(reset);
    },
    end: (stand) => io.complain(standText(stand)),
  };
}

class ApduSession {
  readonly #stand: Stand;
  readonly #reader: LineReader;
  readonly #writer: Writer;
  readonly #graceMs: number;
  #underWay: Promise<void> | undefined;

  constructor(stand: Stand, reader: LineReader, options: { readonly writer: Writer; readonly graceMs: number }) {
    this.#stand = stand;
    this.#reader = reader;
    this.#writer = options.writer;
    this.#graceMs = options.graceMs;
  }

  async powerUp(): Promise<void> {
    this.#writer.atr(await this.#reader.powerUp());
  }

  /** Handles one line; false when the session shall end. */
  async take(line: string): Promise<boolean> {
    await this.#settle();
    if (line.length > LINE_LENGTH_MAX) {
      this.#writer.exchange({ kind: "none", reason: `a line has at most ${LINE_LENGTH_MAX} characters` });
      return true;
    }
    if (/^[0-9a-f\s]+$/i.test(line)) {
      this.#command(line);
      await this.#settle();
      return true;
    }
    return line.trim() === "reset" ? this.#reset() : this.#control(line);
  }

  /** Whoever still waits is answered. */
  async end(): Promise<void> {
    this.#reader.place.slot.release();
    await this.#underWay;
    this.#writer.end(this.#stand);
  }

  #command(line: string): void {
    const bytes = hexLine(line);
    if (bytes === undefined) this.#writer.exchange({ kind: "none", reason: "not whole bytes of hexadecimal digits" });
    else if (this.#underWay !== undefined) this.#writer.exchange({ kind: "none", reason: "a command is under way: wait, remove or release" });
    else this.#underWay = this.#exchange(bytes);
  }

  async #exchange(command: Bytes): Promise<void> {
    const exchange = await this.#reader.send(command);
    this.#writer.exchange(exchange);
    this.#underWay = undefined;
  }

  async #reset(): Promise<boolean> {
    if (this.#underWay === undefined) await this.powerUp();
    else this.#writer.reply({ kind: "refused", reason: "a command is under way: wait, remove or release" });
    return true;
  }

  async #control(line: string): Promise<boolean> {
    const word = line.trim().split(/\s+/).at(-1);
    const reply = await runLine(this.#stand, line);
    if (reply.kind === "end") return false;
    await this.#settle();
    // Contacts give power at once: a card that was put in answers its reset before the next line.
    const powers = reply.kind === "done" && (word === "insert" || word === "replug") && this.#reader.place.slot.card !== undefined;
    this.#writer.reply(reply, powers ? await this.#reader.powerUp() : undefined);
    return true;
  }

  /** Waits for the command that is under way, but not for one that hangs. */
  async #settle(): Promise<void> {
    const underWay = this.#underWay;
    if (underWay === undefined) return;
    const { clock } = this.#stand;
    const timeoutMs = this.#reader.place.device.extraMsPerCommand + this.#graceMs;
    const waiting = withDeadline(underWay, { clock, timeoutMs, signal: new AbortController().signal, what: "a command", effectUnknown: true });
    // A command that hangs is the user's own wish; its answer is written whenever it comes.
    await waiting.catch(() => undefined);
  }
}

/** Serves lines until they end. Resolves with the exit code. */
export async function runApduMode(options: SimOptions, io: SimIo, parts: SimRun): Promise<number> {
  const { steps, ...table } = parts;
  const reader = new LineReader(parts.clock, parts.modules, options.speaksTo);
  setTiming(reader.place.slot, options.speaksTo, options);
  const stand: Stand = { ...table, places: [reader.place], keypad: false, daemon: undefined };
  const graceMs = options.timing === undefined ? GRACE_MS : TIMED_GRACE_MS;
  const session = new ApduSession(stand, reader, { writer: options.json ? jsonWriter(io) : textWriter(io), graceMs });
  const player = new ScenarioPlayer(stand, steps, (report) => io.print(scenarioLine(report, options.json)));
  player.start();
  if (!options.out) {
    reader.place.slot.insert(reader.place.inserted);
    await session.powerUp();
  }
  for await (const line of io.lines) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (!(await session.take(line))) break;
  }
  await player.end();
  await session.end();
  return 0;
}
