/*
 * A receipt printer behind its port. It is asked before and after each slip: a printer that cannot print gets none, and one that stopped or
 * went away in the middle leaves it open whether the slip is there. Spec: ESC/POS, real-time status.
 */
import { assert } from "../../base/assert.ts";
import { concat, fromHex, u8 } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { bounded, countdown, type Ear, LineTalk, nextOrNothing } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import type { DeviceHealth, Printer, PrinterState, PrintLine, PrintOutcome } from "../peripherals.ts";
import { DEFAULT_PRINTER_PROFILE, encodeSlip, type PrinterProfile } from "./encode.ts";
import { printerState, STATUS_QUESTIONS, type StatusQuestion, StatusReader, type StatusWord } from "./status.ts";

export interface EscPosOptions {
  readonly clock: Clock;
  readonly profile?: PrinterProfile;
}

const SLIP_LINES_MAX = 500;
const STATUS_MS = 1_000;
/** Bytes at a time: a printer without room holds the line, and its silence has to be noticed. */
const CHUNK_BYTES = 256;
/** A matrix printer at its slowest speed needs less for so many bytes. */
const CHUNK_MS = 5_000;
/** An answer that nobody waited for any more is let pass before the next question. */
const QUIET_MS = 100;
const LATE_ANSWERS_MAX = 64;
const ASK_IN_TURN = fromHex("1d7201");

function canPrint(state: PrinterState): boolean {
  return state === "ready" || state === "paper-low";
}

export class EscPosPrinter implements Printer {
  readonly name: string;
  readonly #line: ByteLine;
  readonly #clock: Clock;
  readonly #profile: PrinterProfile;
  readonly #talk: LineTalk<StatusWord>;
  /** A question was given up: its answer may still come, and would be taken for the next one's. */
  #answerOwed = false;

  constructor(line: ByteLine, options: EscPosOptions) {
    this.#line = line;
    this.#clock = options.clock;
    this.#profile = options.profile ?? DEFAULT_PRINTER_PROFILE;
    this.name = `printer on ${line.name}`;
    this.#talk = new LineTalk(line, { clock: options.clock, reader: new StatusReader() });
  }

  state(limits: Limits): Promise<PrinterState> {
    const left = countdown(this.#clock, limits);
    return this.#talk.alone(limits, () => this.#ask(left, STATUS_MS));
  }

  async print(slip: readonly PrintLine[], limits: Limits): Promise<PrintOutcome> {
    assert(slip.length <= SLIP_LINES_MAX, "a slip has at most 500 lines");
    const left = countdown(this.#clock, limits);
    return this.#talk.alone(limits, async () => {
      const state = await this.#ask(left, STATUS_MS);
      if (!canPrint(state)) return { kind: "not-ready", state };
      try {
        return await this.#send(slip, left);
      } catch (fault) {
        if (isFault(fault, "device-gone") && !fault.effectUnknown) return { kind: "not-ready", state: "offline" };
        if (isFault(fault, "device-gone", "timeout")) return { kind: "unknown" };
        throw isFault(fault) ? new Fault(fault.code, fault.message, { effectUnknown: true, cause: fault }) : fault;
      }
    });
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    const state = await this.state(limits);
    if (state === "ready") return { kind: "well" };
    return state === "paper-low" ? { kind: "degraded", why: state } : { kind: "broken", why: state };
  }

  async close(): Promise<void> {
    this.#talk.close();
    await this.#line.close();
  }

  /** Faults: "device-gone" (effect unknown unless nothing was sent), "timeout" and "cancelled" (effect unknown), "closed". */
  async #send(slip: readonly PrintLine[], left: () => Limits): Promise<PrintOutcome> {
    const asksInTurn = this.#profile.slipEnd === "in-turn";
    const bytes = concat(encodeSlip(slip, this.#profile), asksInTurn ? ASK_IN_TURN : new Uint8Array(0));
    const ear = this.#talk.listen();
    try {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        await this.#write(bytes.slice(at, at + CHUNK_BYTES), { bounds: bounded(left(), CHUNK_MS), begun: at > 0 });
      }
      if (asksInTurn && !(await this.#hearEnd(ear, left))) return { kind: "unknown" };
    } finally {
      ear.stop();
    }
    // A printer that holds the line answers when it has taken in the slip, which may take as long as the caller waits.
    const state = await this.#ask(left, left().timeoutMs);
    return canPrint(state) ? { kind: "printed" } : { kind: "unknown" };
  }

  async #write(bytes: Uint8Array, { bounds, begun }: { readonly bounds: Limits; readonly begun: boolean }): Promise<void> {
    try {
      await this.#talk.write(bytes, bounds);
    } catch (fault) {
      if (begun && isFault(fault, "device-gone")) throw new Fault("device-gone", fault.message, { effectUnknown: true, cause: fault });
      throw fault;
    }
  }

  /** Waits for the answer behind the slip, with an eye on printers that stopped. */
  async #hearEnd(ear: Ear<StatusWord>, left: () => Limits): Promise<boolean> {
    // One that answers nothing at all may be holding the line: it is waited for, and not asked more and more.
    let holdsLine = false;
    while (left().timeoutMs > 0) {
      const word = await nextOrNothing(ear, bounded(left(), STATUS_MS));
      if (word?.is === "in-turn") return true;
      if (word !== undefined || holdsLine) continue;
      const state = await this.#ask(left, STATUS_MS);
      holdsLine = state === "unknown";
      if (!holdsLine && !canPrint(state)) return false;
    }
    return false;
  }

  /** Asks all questions; the first answer may take `patienceMs`. Faults: "cancelled", "closed". */
  async #ask(left: () => Limits, patienceMs: number): Promise<PrinterState> {
    if (this.#line.state === "closed") throw new Fault("closed", `${this.#line.name} was closed`, { effectUnknown: false });
    if (this.#line.state !== "open") return "offline";
    const ear = this.#talk.listen();
    try {
      await this.#letLateAnswersPass(ear, left);
      const answers = new Map<StatusQuestion, number>();
      for (const question of STATUS_QUESTIONS) {
        await this.#talk.write(concat(fromHex("1004"), u8(question)), bounded(left(), STATUS_MS));
        this.#answerOwed = true;
        answers.set(question, await this.#answer(ear, bounded(left(), answers.size === 0 ? patienceMs : STATUS_MS)));
        this.#answerOwed = false;
      }
      return printerState(answers, this.#profile.statusBits);
    } catch (fault) {
      // A printer that does not answer is in an unknown state, which is an answer too.
      if (isFault(fault, "timeout")) return "unknown";
      if (isFault(fault, "device-gone")) return "offline";
      throw isFault(fault) ? new Fault(fault.code, fault.message, { effectUnknown: false, cause: fault }) : fault;
    } finally {
      ear.stop();
    }
  }

  /** Waits for a real-time answer; others may come from before, and give nobody more time. */
  async #answer(ear: Ear<StatusWord>, limits: Limits): Promise<number> {
    const left = countdown(this.#clock, limits);
    for (;;) {
      const word = await ear.next(left());
      if (word.is === "now") return word.byte;
    }
  }

  async #letLateAnswersPass(ear: Ear<StatusWord>, left: () => Limits): Promise<void> {
    for (let heard = 0; this.#answerOwed && heard < LATE_ANSWERS_MAX; heard += 1) {
      if ((await nextOrNothing(ear, bounded(left(), QUIET_MS))) === undefined) return;
    }
  }
}

/** A printer on a line; it need not be there yet. */
export function openEscPosPrinter(line: ByteLine, options: EscPosOptions): EscPosPrinter {
  return new EscPosPrinter(line, options);
}
