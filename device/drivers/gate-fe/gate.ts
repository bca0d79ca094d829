/*
 * A tripod board of the FE family behind the gate port. It takes one command, opens one side for one passage, keeps the time itself, and
 * tells the end: passed, or locked again without a passage. It acknowledges nothing. Spec: gate FE, operations.
 */
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { countdown, type Ear, LineTalk, nextOrNothing } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import { OnePassage } from "../framing/one-passage.ts";
import type { DeviceHealth, Gate, Passage, PassageDirection } from "../peripherals.ts";
import { encodeFeFrame, type FeFrame, FeFrameReader } from "./frame.ts";

/** Open questions of this family, each a named switch. */
export interface FeProfile {
  /** Speed of the line, which whoever opens it has to know. */
  readonly feBaud: number;
  /** Operation that asks whether the board is busy, and the value of its answer when it is not; its bytes are not public. */
  readonly feStatusQuery: "off" | { readonly operation: number; readonly idle: number };
}

export const DEFAULT_FE_PROFILE: FeProfile = { feBaud: 9_600, feStatusQuery: "off" };

export interface FeGateOptions {
  readonly clock: Clock;
  readonly profile: FeProfile;
  /** The side that opens for an entry; the other one is the exit. */
  readonly entrySide: "A" | "B";
  /**
   * How long the board itself waits for somebody, where that was set at its installation. The board has one word for "time over" and "pushed
   * backwards"; only its own time tells them apart. Left out: both are a time-out.
   */
  readonly boardPassageMs?: number;
}

const OPEN = 0x80;
const PASSED = 0x81;
const LOCKED_AGAIN = 0x44;
const SIDES = { A: 0x01, B: 0x02 } as const;
/** A board's clock is worth no more than this. */
const BOARD_CLOCK_MARGIN_MS = 100;
/** More events than this in one passage come from a board that is broken. */
const EVENTS_MAX = 1_000;
/** The talk that is given up has still to let the line go. */
const ALONE_MARGIN_MS = 1_000;

export class FeGate implements Gate {
  readonly name: string;
  readonly reportsPassage = true;
  readonly #line: ByteLine;
  readonly #options: FeGateOptions;
  readonly #talk: LineTalk<FeFrame>;
  readonly #passages = new OnePassage();
  /** Whether the last passage ended without a word of the board. */
  #silent = false;
  /** Whether the board may still owe the end of a passage that nobody waits for any more. */
  #unfinished = false;
  readonly #closing = new AbortController();

  constructor(line: ByteLine, options: FeGateOptions) {
    this.#line = line;
    this.#options = options;
    this.#talk = new LineTalk(line, { clock: options.clock, reader: new FeFrameReader() });
    this.name = `gate FE on ${line.name}`;
  }

  /**
   * A board that never says how a passage ended gives the fault "timeout", effect unknown: nobody knows whether somebody passed. The time of a
   * passage has to be longer than the board's own. Behind a passage that was lost or left in the middle, the next one waits for the board's
   * word on it, which must not be taken for its own; that wait counts against `limits` and is at most what was left of the earlier one's time.
   */
  open(direction: PassageDirection, passage: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage> {
    return this.#passages.run(() => this.#talk.alone(limits, () => this.#passage(this.#sideOf(direction), passage.passageTimeoutMs, limits)));
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    if (this.#unfinished) return { kind: "degraded", why: "an earlier passage may be open" };
    // A board that serves somebody is not disturbed.
    if (this.#passages.running || this.#options.profile.feStatusQuery === "off") return this.#silent ? { kind: "degraded", why: "silent" } : { kind: "well" };
    try {
      await this.#talk.alone(limits, () => this.#talk.hearing((ear) => this.#askBusy(ear, 0, limits)));
      return { kind: "well" };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "broken", why: fault.code };
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#talk.close();
    await this.#line.close();
  }

  #sideOf(direction: PassageDirection): number {
    const { entrySide } = this.#options;
    return (direction === "entry") === (entrySide === "A") ? SIDES.A : SIDES.B;
  }

  async #passage(side: number, passageTimeoutMs: number, limits: Limits): Promise<Passage> {
    const { clock, boardPassageMs } = this.#options;
    const overMs = clock.monotonicMs() + (boardPassageMs === undefined ? passageTimeoutMs : boardPassageMs + BOARD_CLOCK_MARGIN_MS);
    let end: Passage | undefined;
    try {
      end = await this.#talk.hearing(async (ear) => {
        await this.#talk.write(encodeFeFrame(OPEN, side), limits);
        return (await this.#awaitEnd(ear, side, { timeoutMs: passageTimeoutMs, signal: limits.signal })) ?? this.#askEnd(ear, side, limits);
      });
    } catch (fault) {
      if (isFault(fault) && fault.effectUnknown) void this.#finish(side, overMs);
      throw fault;
    }
    this.#silent = end === undefined;
    if (end !== undefined) return end;
    throw new Fault("timeout", "the gate did not say how the passage ended", { effectUnknown: true });
  }

  /** Hears the board out on a passage that nobody waits for any more, until its time is over; nobody else talks to it meanwhile. */
  async #finish(side: number, overMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    const leftMs = () => Math.max(0, overMs - clock.monotonicMs());
    this.#unfinished = true;
    await this.#talk
      .alone({ timeoutMs: leftMs() + ALONE_MARGIN_MS, signal }, async () => {
        let ended = false;
        while (!ended && leftMs() > 0 && !signal.aborted) ended = await this.#heardOut(side, { timeoutMs: leftMs(), signal });
      })
      .catch(ignoreFault);
    this.#unfinished = false;
  }

  /** Whether there is nothing more to wait for; a line that is lost once more is no end. */
  async #heardOut(side: number, limits: Limits): Promise<boolean> {
    try {
      await this.#talk.hearing((ear) => this.#awaitEnd(ear, side, limits));
      return true;
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.code !== "device-gone";
    }
  }

  /** How the board says that the passage ended; undefined when it says nothing in time. */
  async #awaitEnd(ear: Ear<FeFrame>, side: number, limits: Limits): Promise<Passage | undefined> {
    const { clock } = this.#options;
    const beganMs = clock.monotonicMs();
    for (let events = 0; events < EVENTS_MAX; events += 1) {
      const spentMs = clock.monotonicMs() - beganMs;
      const frame = await nextOrNothing(ear, { timeoutMs: Math.max(0, limits.timeoutMs - spentMs), signal: limits.signal });
      if (frame === undefined) return undefined;
      const end = this.#endOf(frame, side, clock.monotonicMs() - beganMs);
      if (end !== undefined) return end;
    }
    throw new Fault("device-answer-malformed", "the gate does not stop talking", { effectUnknown: true });
  }

  #endOf({ operation, side, value }: FeFrame, wanted: number, afterMs: number): Passage | undefined {
    // The other side may be free for everybody: its passages are none of ours.
    if (side !== wanted || value !== 0) return undefined;
    if (operation === PASSED) return "passed";
    if (operation !== LOCKED_AGAIN) return undefined;
    const { boardPassageMs = 0 } = this.#options;
    return afterMs < boardPassageMs - BOARD_CLOCK_MARGIN_MS ? "reversed" : "timeout";
  }

  /** A board that is not busy any more has let nobody through that it did not tell of. */
  async #askEnd(ear: Ear<FeFrame>, side: number, limits: Limits): Promise<Passage | undefined> {
    if (this.#options.profile.feStatusQuery === "off") return undefined;
    const answer = await this.#askBusy(ear, side, limits);
    if (answer === "busy") return undefined;
    return answer === "idle" ? "timeout" : answer;
  }

  /** Whether the board is busy, or the end of a passage that is told meanwhile. */
  async #askBusy(ear: Ear<FeFrame>, side: number, limits: Limits): Promise<"busy" | "idle" | Passage> {
    const query = this.#options.profile.feStatusQuery;
    if (query === "off") return "idle";
    const left = countdown(this.#options.clock, limits);
    await this.#talk.write(encodeFeFrame(query.operation, 0), limits);
    for (let events = 0; events < EVENTS_MAX; events += 1) {
      const frame = await ear.next(left());
      if (frame.operation === query.operation) return frame.value === query.idle ? "idle" : "busy";
      const end = this.#endOf(frame, side, Number.POSITIVE_INFINITY);
      if (end !== undefined) return end;
    }
    throw new Fault("device-answer-malformed", "the gate does not stop talking", { effectUnknown: true });
  }
}

function ignoreFault(fault: unknown): void {
  if (!isFault(fault)) throw fault;
}

/** A gate of this family on a line; it need not be there yet. */
export function openFeGate(line: ByteLine, options: FeGateOptions): FeGate {
  return new FeGate(line, options);
}
