/*
 * A receipt printer behind its port. It is asked before and after each slip: paper that ended in the middle is told, and a printer that went
 * away leaves it open whether the slip is there. Spec: ESC/POS, real-time status.
 */
import { assert } from "../../base/assert.ts";
import { fromHex } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { ByteLine } from "../framing/lines.ts";
import type { DeviceHealth, Printer, PrinterState, PrintLine, PrintOutcome } from "../peripherals.ts";
import { DEFAULT_PRINTER_PROFILE, encodeSlip, type PrinterProfile } from "./encode.ts";

const SLIP_LINES_MAX = 500;
const STATUS_MS = 1_000;
/** Bytes at a time: a printer without room holds the line, and its silence has to be noticed. */
const CHUNK_BYTES = 256;
/** A printer takes about so many milliseconds for each byte at its slowest speed. */
const MS_PER_CHUNK = 1_500;

/** Causes and paper, in the order of asking. */
const QUESTIONS = [fromHex("100402"), fromHex("100403"), fromHex("100404")] as const;

/** Fixed bits of every status byte: 0xx1xx10. Anything else is no answer to this question. */
function isStatus(byte: number): boolean {
  return (byte & 0x93) === 0x12;
}

function stateOf([offline, error, paper]: readonly (number | undefined)[]): PrinterState {
  if (offline === undefined || error === undefined || paper === undefined) return "unknown";
  if ((paper & 0x60) !== 0 || (offline & 0x20) !== 0) return "paper-end";
  if ((offline & 0x04) !== 0) return "cover-open";
  if ((error & 0x6c) !== 0 || (offline & 0x40) !== 0) return "error";
  return (paper & 0x0c) !== 0 ? "paper-low" : "ready";
}

export class EscPosPrinter implements Printer {
  readonly name: string;
  readonly #line: ByteLine;
  readonly #clock: Clock;
  readonly #profile: PrinterProfile;
  readonly #stop: () => void;
  #answer: ((byte: number) => void) | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(line: ByteLine, options: { readonly clock: Clock; readonly profile?: PrinterProfile }) {
    this.#line = line;
    this.#clock = options.clock;
    this.#profile = options.profile ?? DEFAULT_PRINTER_PROFILE;
    this.name = `printer on ${line.name}`;
    this.#stop = line.onBytes((bytes) => {
      const status = bytes.findLast(isStatus);
      if (status !== undefined) this.#answer?.(status);
    });
  }

  state(limits: Limits): Promise<PrinterState> {
    return this.#alone(limits, () => this.#ask(limits));
  }

  print(slip: readonly PrintLine[], limits: Limits): Promise<PrintOutcome> {
    assert(slip.length <= SLIP_LINES_MAX, "a slip has at most 500 lines");
    return this.#alone(limits, async () => {
      const before = await this.#ask(limits);
      if (before !== "ready" && before !== "paper-low") return { kind: "not-ready", state: before };
      try {
        await this.#send(slip, limits);
      } catch (fault) {
        // Some of it may have been printed.
        if (isFault(fault, "device-gone", "device-hung", "timeout")) return { kind: "unknown" };
        throw fault;
      }
      const after = await this.#ask(limits);
      return after === "ready" || after === "paper-low" ? { kind: "printed" } : { kind: "unknown" };
    });
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    const state = await this.state(limits);
    if (state === "ready") return { kind: "well" };
    return state === "paper-low" ? { kind: "degraded", why: state } : { kind: "broken", why: state };
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#line.close();
  }

  /** Slips and questions follow each other; a question in the middle of a slip would be printed. */
  async #alone<Value>(limits: Limits, work: () => Promise<Value>): Promise<Value> {
    const before = this.#busy;
    let free: () => void = () => undefined;
    this.#busy = new Promise<void>((resolve) => {
      free = resolve;
    });
    try {
      await withDeadline(before, { ...limits, clock: this.#clock, what: this.name, effectUnknown: false });
      return await work();
    } finally {
      void before.then(free, free);
    }
  }

  async #send(slip: readonly PrintLine[], limits: Limits): Promise<void> {
    const bytes = encodeSlip(slip, this.#profile);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      await this.#line.write(bytes.slice(at, at + CHUNK_BYTES), { timeoutMs: Math.min(limits.timeoutMs, MS_PER_CHUNK), signal: limits.signal });
    }
  }

  async #ask(limits: Limits): Promise<PrinterState> {
    if (this.#line.state !== "open") return "offline";
    const answers: (number | undefined)[] = [];
    for (const question of QUESTIONS) answers.push(await this.#question(question, limits));
    return stateOf(answers);
  }

  async #question(question: Uint8Array, limits: Limits): Promise<number | undefined> {
    const bounds = { timeoutMs: Math.min(limits.timeoutMs, STATUS_MS), signal: limits.signal };
    const answered = new Promise<number>((resolve) => {
      this.#answer = resolve;
    });
    try {
      await this.#line.write(question, bounds);
      return await withDeadline(answered, { ...bounds, clock: this.#clock, what: this.name, effectUnknown: false });
    } catch (fault) {
      // A printer that does not answer is in an unknown state, which is an answer too.
      if (isFault(fault, "timeout", "device-gone", "device-hung")) return undefined;
      throw fault;
    } finally {
      this.#answer = undefined;
    }
  }
}
