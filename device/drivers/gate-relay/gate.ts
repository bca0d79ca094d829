/*
 * A gate that opens while a relay is closed, on a Modbus RTU relay board. The board times the pulse itself where it can: then no process that
 * dies and no cable that is pulled leaves the gate open. It knows nothing of passages. Spec: Modbus RTU, coils.
 */
import { assert } from "../../base/assert.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { bounded, countdown, type Ear, LineTalk } from "../framing/line-talk.ts";
import type { ByteLine, Unsubscribe } from "../framing/lines.ts";
import { OnePassage } from "../framing/one-passage.ts";
import type { DeviceHealth, FireInput, Gate, Passage, PassageDirection } from "../peripherals.ts";
import { encodeModbusRequest, type ModbusAnswer, ModbusAnswerReader, READ_COILS, READ_INPUTS, WRITE_COIL } from "./frame.ts";

/** Open questions of these boards, each a named switch. */
export interface RelayProfile {
  /**
   * How a pulse is made: "waveshare0200" by the board, at address 0200 and the coil; "softwarePulse" by two commands, for boards that know no
   * better. With the second one a process that dies in the middle leaves the gate open until the next one starts.
   */
  readonly relayFlash: "waveshare0200" | "softwarePulse";
}

export const DEFAULT_RELAY_PROFILE: RelayProfile = { relayFlash: "waveshare0200" };

/** Speed of these boards' lines as they are delivered. */
export const RELAY_BAUD = 9_600;

export interface RelayGateOptions {
  readonly clock: Clock;
  readonly profile: RelayProfile;
  /** Address of the board, 1 to 247. */
  readonly unit: number;
  /** Coils of both directions, 0 to 7; the same one where the gate has only one input. */
  readonly coils: Readonly<Record<PassageDirection, number>>;
  /** How long the relay is closed for one passage, 100 to 60,000 ms. */
  readonly pulseMs: number;
  /** The input, 0 to 7, that has current while the fire loop is closed; absent where none is wired. */
  readonly fireInput?: number;
}

const COILS = 8;
const COIL_ON = 0xff00;
const COIL_OFF = 0x0000;
const FLASH_ON = 0x0200;
const FLASH_UNIT_MS = 100;
/** The board's clock and ours do not agree to the millisecond. */
const FLASH_MARGIN_MS = 100;
const OFF_TRIES = 3;
/** How long the board has to switch off where no caller waits for it, all coils and tries together. */
const SHUT_MS = 3_000;
/** The same where somebody waits for the gate to be closed. */
const LAST_WORD_MS = 1_000;
/** More answers than this to one question come from a board that is broken. */
const ANSWERS_MAX = 100;

export class RelayGate implements Gate {
  readonly name: string;
  readonly reportsPassage = false;
  readonly fire?: FireInput;
  readonly #line: ByteLine;
  readonly #options: RelayGateOptions;
  readonly #talk: LineTalk<ModbusAnswer>;
  readonly #passages = new OnePassage();
  readonly #closing = new AbortController();
  readonly #stopWatching: Unsubscribe;
  #closed: Promise<void> | undefined;
  /** Coils that may be on although nobody is to pass. Where software makes the pulse, a process before this one may have left them so. */
  readonly #mayBeOn: Set<number>;

  constructor(line: ByteLine, options: RelayGateOptions) {
    assert(options.pulseMs >= FLASH_UNIT_MS && options.pulseMs <= 60_000, "a pulse is neither too short to see nor a minute long");
    assert(
      Object.values(options.coils).every((coil) => Number.isInteger(coil) && coil >= 0 && coil < COILS),
      "the board has eight coils",
    );
    this.#line = line;
    this.#options = options;
    this.#talk = new LineTalk(line, { clock: options.clock, reader: new ModbusAnswerReader(options.unit) });
    this.#mayBeOn = new Set(options.profile.relayFlash === "softwarePulse" ? Object.values(options.coils) : []);
    this.name = `gate relay ${options.unit} on ${line.name}`;
    const { fireInput } = options;
    if (fireInput !== undefined) this.fire = { fire: (limits) => this.#seesFire(fireInput, limits) };
    this.#stopWatching = line.onState((state) => {
      if (state === "open") void this.#switchOff();
    });
    if (line.state === "open") void this.#switchOff();
  }

  /** Resolves with "timeout" when the pulse is over, "fault" when the board refuses it or does not end it by itself. */
  open(direction: PassageDirection, passage: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage> {
    const pulseMs = Math.max(FLASH_UNIT_MS, Math.min(this.#options.pulseMs, passage.passageTimeoutMs));
    return this.#passages.run(async () => {
      try {
        const untilClosed = this.#untilClosed(limits);
        const pulse = { coil: this.#options.coils[direction], pulseMs };
        return await this.#talk.alone(untilClosed, () => this.#talk.hearing((ear) => this.#pulse(ear, pulse, untilClosed)));
      } finally {
        // Behind a fault the relay may still be on; this waits for nobody, and the next passage waits for it.
        if (this.#mayBeOn.size > 0) void this.#switchOff();
      }
    });
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    if (this.#passages.running) return { kind: "well" };
    const untilClosed = this.#untilClosed(limits);
    try {
      const answer = await this.#talk.alone(untilClosed, () => this.#talk.hearing((ear) => this.#ask(ear, [READ_COILS, 0, COILS], untilClosed)));
      if (answer.exception !== undefined) return { kind: "broken", why: `exception ${answer.exception}` };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "broken", why: fault.code };
    }
    return this.#mayBeOn.size > 0 ? { kind: "degraded", why: "a relay may be on" } : { kind: "well" };
  }

  /** A wire that is cut looks like a fire, and not the other way round. */
  async #seesFire(input: number, limits: Limits): Promise<boolean> {
    const untilClosed = this.#untilClosed(limits);
    const answer = await this.#talk.alone(untilClosed, () => this.#talk.hearing((ear) => this.#ask(ear, [READ_INPUTS, 0, COILS], untilClosed)));
    if (answer.exception !== undefined) throw new Fault("device-refused", `exception ${answer.exception}`, { effectUnknown: false });
    return (((answer.data[1] ?? 0) >>> input) & 1) === 0;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutAndClose();
    return this.#closed;
  }

  /** What may be on is switched off first: behind this nobody could say it any more. Takes no longer than the board has for its last word. */
  async #shutAndClose(): Promise<void> {
    this.#stopWatching();
    this.#closing.abort();
    if (this.#line.state === "open") await this.#switchOff({ timeoutMs: LAST_WORD_MS, signal: new AbortController().signal });
    this.#talk.close();
    await this.#line.close();
  }

  #untilClosed({ timeoutMs, signal }: Limits): Limits {
    return { timeoutMs, signal: AbortSignal.any([signal, this.#closing.signal]) };
  }

  async #pulse(ear: Ear<ModbusAnswer>, { coil, pulseMs }: { readonly coil: number; readonly pulseMs: number }, limits: Limits): Promise<Passage> {
    const byBoard = this.#options.profile.relayFlash === "waveshare0200";
    const units = Math.round(pulseMs / FLASH_UNIT_MS);
    this.#mayBeOn.add(coil);
    const begun = await this.#ask(ear, byBoard ? [WRITE_COIL, FLASH_ON + coil, units] : [WRITE_COIL, coil, COIL_ON], limits);
    if (begun.exception !== undefined) {
      this.#mayBeOn.delete(coil);
      return "fault";
    }
    await ear.rest(byBoard ? units * FLASH_UNIT_MS + FLASH_MARGIN_MS : pulseMs, limits.signal);
    if (byBoard) return this.#seeEnd(ear, coil, limits);
    return (await this.#off(ear, coil, limits)) ? "timeout" : "fault";
  }

  /** A board that took the pulse for something else would leave the gate open. */
  async #seeEnd(ear: Ear<ModbusAnswer>, coil: number, limits: Limits): Promise<Passage> {
    const answer = await this.#ask(ear, [READ_COILS, 0, COILS], limits);
    const isOff = answer.exception === undefined && (((answer.data[1] ?? 0xff) >>> coil) & 1) === 0;
    if (isOff) this.#mayBeOn.delete(coil);
    return isOff ? "timeout" : "fault";
  }

  /** Whether the board obeyed. An answer that got lost is no reason to leave the gate open: switching off may be said again. */
  async #off(ear: Ear<ModbusAnswer>, coil: number, limits: Limits): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await this.#ask(ear, [WRITE_COIL, coil, COIL_OFF], limits);
        if (answer.exception === undefined) this.#mayBeOn.delete(coil);
        return answer.exception === undefined;
      } catch (fault) {
        if (!isFault(fault, "timeout") || tries >= OFF_TRIES) throw fault;
      }
    }
  }

  async #ask(ear: Ear<ModbusAnswer>, question: readonly [number, number, number], limits: Limits): Promise<ModbusAnswer> {
    const [operation, first, second] = question;
    const { clock, unit } = this.#options;
    const request = encodeModbusRequest(unit, operation, [first, second]);
    const left = countdown(clock, limits);
    await this.#talk.write(request, limits);
    for (let answers = 0; answers < ANSWERS_MAX; answers += 1) {
      const answer = await ear.next(left());
      // The answer to a write repeats it; another one belongs to a question that nobody waits for any more.
      const isOurs = operation !== WRITE_COIL || answer.exception !== undefined || answer.data.every((byte, at) => byte === request[at + 2]);
      if (answer.operation === operation && isOurs) return answer;
    }
    throw new Fault("device-answer-malformed", "the relay board does not stop talking", { effectUnknown: true });
  }

  /** Switches off what may be on. What does not succeed stays noted until the line returns or the next passage. */
  async #switchOff(limits: Limits = { timeoutMs: SHUT_MS, signal: this.#closing.signal }): Promise<void> {
    try {
      await this.#talk.alone(limits, () =>
        this.#talk.hearing(async (ear) => {
          const coils = [...this.#mayBeOn];
          const each = bounded(limits, Math.floor(limits.timeoutMs / (OFF_TRIES * coils.length)));
          // A coil that is not confirmed keeps no other one on.
          for (const coil of coils) await this.#off(ear, coil, each).catch(ignoreSilence);
        }),
      );
    } catch (fault) {
      if (!isFault(fault)) throw fault;
    }
  }
}

function ignoreSilence(fault: unknown): void {
  if (!isFault(fault, "timeout")) throw fault;
}

/** A relay board on a line as a gate; it need not be there yet. */
export function openRelayGate(line: ByteLine, options: RelayGateOptions): RelayGate {
  return new RelayGate(line, options);
}
