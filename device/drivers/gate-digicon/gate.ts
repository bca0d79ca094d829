/*
 * A board of the Digicon type behind the gate port. It acknowledges each command and tells each passage with its direction, but keeps no time:
 * what was opened stays open until somebody passes or it is told to control again. So whoever opens owes it that word, whatever happens in
 * between. Spec: gate Digicon, commands.
 */
import { type Bytes, u8 } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { bounded, countdown, type Ear, LineTalk, nextOrNothing } from "../framing/line-talk.ts";
import type { ByteLine, Unsubscribe } from "../framing/lines.ts";
import { OnePassage } from "../framing/one-passage.ts";
import type { DeviceHealth, Gate, Passage, PassageDirection } from "../peripherals.ts";
import { DigiconFrameReader, encodeDigiconFrame } from "./frame.ts";

export type DigiconDirection = "right-to-left" | "left-to-right";

/** Open questions of this family, each a named switch. */
export interface DigiconProfile {
  /** Direction that command 48 opens; its maker's papers say both. */
  readonly digiconDirection: DigiconDirection;
}

export const DEFAULT_DIGICON_PROFILE: DigiconProfile = { digiconDirection: "right-to-left" };

/** Speed of these boards' lines. */
export const DIGICON_BAUD = 115_200;

export interface DigiconGateOptions {
  readonly clock: Clock;
  readonly profile: DigiconProfile;
  /** The way of an entry as the board's papers name directions; the exit is the other one. */
  readonly entryDirection: DigiconDirection;
}

const OPEN_48 = 0x48;
const OPEN_41 = 0x41;
const CONTROL = 0x43;
const ACKNOWLEDGED = 0x06;
const REFUSED = 0x15;
const PASSED: Readonly<Record<DigiconDirection, number>> = { "right-to-left": 0x1a, "left-to-right": 0x1b };
/** The word that shuts is said so often, because the board may be open as long as nothing confirms it. */
const SHUT_TRIES = 3;
/** How long the board has for the word that shuts where no caller bounds it, all tries together. */
const SHUT_MS = 1_000;
/** More events than this in one passage come from a board that is broken. */
const EVENTS_MAX = 1_000;

/** What one wait ended with. */
type End = "acknowledged" | "refused" | "passed" | "nothing";

export class DigiconGate implements Gate {
  readonly name: string;
  readonly reportsPassage = true;
  readonly #line: ByteLine;
  readonly #options: DigiconGateOptions;
  readonly #talk: LineTalk<Bytes>;
  readonly #passages = new OnePassage();
  readonly #closing = new AbortController();
  readonly #stopWatching: Unsubscribe;
  #closed: Promise<void> | undefined;
  /** True from the beginning: a process before this one may have died with the gate open. */
  #mayBeOpen = true;

  constructor(line: ByteLine, options: DigiconGateOptions) {
    this.#line = line;
    this.#options = options;
    this.#talk = new LineTalk(line, { clock: options.clock, reader: new DigiconFrameReader() });
    this.name = `gate Digicon on ${line.name}`;
    this.#stopWatching = line.onState((state) => {
      if (state === "open") void this.#shutAgain();
    });
    if (line.state === "open") void this.#shutAgain();
  }

  open(direction: PassageDirection, passage: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage> {
    return this.#passages.run(async () => {
      try {
        const untilClosed = this.#untilClosed(limits);
        return await this.#talk.alone(untilClosed, () => this.#talk.hearing((ear) => this.#passage(ear, { direction, ...passage }, untilClosed)));
      } finally {
        // Behind a fault the gate may still be open; this waits for nobody, and the next passage waits for it.
        if (this.#mayBeOpen) void this.#shutAgain();
      }
    });
  }

  async health(limits: Limits): Promise<DeviceHealth> {
    if (this.#line.state !== "open") return { kind: "away" };
    if (this.#passages.running || !this.#mayBeOpen) return { kind: "well" };
    // What is owed to the gate is also the only harmless question to it.
    await this.#shutAgain(this.#untilClosed(limits));
    return this.#mayBeOpen ? { kind: "broken", why: "does not shut" } : { kind: "well" };
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutAndClose();
    return this.#closed;
  }

  /** What was opened is shut first: behind this nobody could say it any more. Takes no longer than the board has for its last word. */
  async #shutAndClose(): Promise<void> {
    this.#stopWatching();
    this.#closing.abort();
    if (this.#line.state === "open") await this.#shutAgain({ timeoutMs: SHUT_MS, signal: new AbortController().signal });
    this.#talk.close();
    await this.#line.close();
  }

  #untilClosed({ timeoutMs, signal }: Limits): Limits {
    return { timeoutMs, signal: AbortSignal.any([signal, this.#closing.signal]) };
  }

  async #passage(
    ear: Ear<Bytes>,
    { direction, passageTimeoutMs }: { readonly direction: PassageDirection; readonly passageTimeoutMs: number },
    limits: Limits,
  ): Promise<Passage> {
    const way = this.#wayOf(direction);
    await this.#send(this.#commandFor(way), limits);
    const answer = await this.#await(ear, { way, answers: true }, limits);
    // Nothing but a passage that is told makes up for an answer that got lost.
    if (answer === "nothing") throw new Fault("timeout", "the gate did not answer", { effectUnknown: true });
    if (answer !== "acknowledged") return this.#over(answer === "passed" ? "passed" : "fault");
    const end = await this.#await(ear, { way, answers: false }, { timeoutMs: passageTimeoutMs, signal: limits.signal });
    return end === "passed" ? this.#over("passed") : this.#timeOver(ear, way, limits);
  }

  /** Nobody came: control again. Somebody may pass in this very moment. */
  async #timeOver(ear: Ear<Bytes>, way: DigiconDirection, limits: Limits): Promise<Passage> {
    await this.#send(CONTROL, limits);
    const answer = await this.#await(ear, { way, answers: true }, limits);
    if (answer === "nothing") throw new Fault("timeout", "the gate did not say that it is shut again", { effectUnknown: true });
    if (answer === "refused") throw new Fault("device-refused", "the gate refused to shut", { effectUnknown: true });
    return this.#over(answer === "passed" ? "passed" : "timeout");
  }

  #over(passage: Passage): Passage {
    this.#mayBeOpen = false;
    return passage;
  }

  async #send(command: number, limits: Limits): Promise<void> {
    this.#mayBeOpen = true;
    await this.#talk.write(encodeDigiconFrame(u8(command)), limits);
  }

  #wayOf(direction: PassageDirection): DigiconDirection {
    const { entryDirection } = this.#options;
    if (direction === "entry") return entryDirection;
    return entryDirection === "right-to-left" ? "left-to-right" : "right-to-left";
  }

  #commandFor(way: DigiconDirection): number {
    return way === this.#options.profile.digiconDirection ? OPEN_48 : OPEN_41;
  }

  /** Waits for a passage that way and, where asked for, an answer. Passages the other way are none of ours. */
  async #await(ear: Ear<Bytes>, { way, answers }: { readonly way: DigiconDirection; readonly answers: boolean }, limits: Limits): Promise<End> {
    const left = countdown(this.#options.clock, limits);
    for (let events = 0; events < EVENTS_MAX; events += 1) {
      const said = await nextOrNothing(ear, left());
      if (said === undefined) return "nothing";
      if (said.length !== 1) continue;
      if (said[0] === PASSED[way]) return "passed";
      if (answers && said[0] === ACKNOWLEDGED) return "acknowledged";
      if (answers && said[0] === REFUSED) return "refused";
    }
    throw new Fault("device-answer-malformed", "the gate does not stop talking", { effectUnknown: true });
  }

  /** Gives the gate the word that is owed to it. What does not succeed stays owed until the line returns, or the next passage or question. */
  async #shutAgain(limits: Limits = { timeoutMs: SHUT_MS, signal: this.#closing.signal }): Promise<void> {
    try {
      await this.#talk.alone(limits, () =>
        this.#talk.hearing(async (ear) => {
          for (let tries = 0; this.#mayBeOpen && tries < SHUT_TRIES; tries += 1) await this.#sayShut(ear, limits);
        }),
      );
    } catch (fault) {
      if (!isFault(fault)) throw fault;
    }
  }

  async #sayShut(ear: Ear<Bytes>, limits: Limits): Promise<void> {
    await this.#send(CONTROL, limits);
    const answer = await this.#await(ear, { way: "right-to-left", answers: true }, bounded(limits, Math.floor(limits.timeoutMs / SHUT_TRIES)));
    if (answer === "acknowledged") this.#mayBeOpen = false;
  }
}

/** A gate of this family on a line; it need not be there yet. */
export function openDigiconGate(line: ByteLine, options: DigiconGateOptions): DigiconGate {
  return new DigiconGate(line, options);
}
