/*
 * Goal: the terminal decides how fast documents come, so that nobody who stands at it waits behind them.
 * Method: it asks for a few parts at a time and for more when these are there; what does not come is asked for again after a while. Streams with
 * the least to come go first: a permission of one part does not wait behind a list of thousands. While somebody waits for a live reply it asks
 * for nothing, for a bounded time. Spec: pos/v1, 7.
 */
import { assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { encodeWant, PROBLEMS_MAX, type StreamWant, WANTED_PARTS_MAX } from "../../codec/downlink.ts";
import type { Publisher } from "../publisher.ts";
import { Bell } from "./bell.ts";
import type { DocumentStream, Fetch } from "./stream.ts";

export interface AskingTimes {
  /** Least time between two wants. */
  readonly gapMs: number;
  /** Parts that were asked for and have not come are asked for again after this long. */
  readonly againMs: number;
  /** A terminal that needs nothing says what it has this often. */
  readonly restMs: number;
  /** A live request under way holds back the asking for at most this long. */
  readonly liveHoldMs: number;
  /** Parts asked for at once. */
  readonly partsAtOnce: number;
}

export interface AskingParts {
  readonly tid: string;
  readonly region: string;
  readonly streams: ReadonlyMap<string, DocumentStream>;
  readonly problems: ReadonlyMap<string, number>;
  readonly publisher: Publisher;
  readonly topic: string;
  readonly clock: Clock;
  readonly hostPresent: () => boolean;
  readonly liveBusy: () => boolean;
  readonly times: AskingTimes;
  readonly log: Log;
}

/** What is asked for of one document; once without parts where its head is in doubt. */
function askOf(fetch: Fetch, limit: number): Pick<StreamWant, "taking" | "parts"> {
  const taking = fetch.checked.head.sequence;
  if (!fetch.doubtful) return { taking, parts: fetch.ask(limit) };
  fetch.doubtful = false;
  return { taking };
}

const NEVER_MS = Number.NEGATIVE_INFINITY;
const SEND_TIMEOUT_MS = 10_000;

export class Asking {
  readonly #parts: AskingParts;
  readonly #bell: Bell;
  #lastWantMs = NEVER_MS;
  #lastPartMs = NEVER_MS;
  #urgent = false;
  /** Asking goes on only after this: the disk was full or broken. */
  #pausedUntilMs = NEVER_MS;

  constructor(parts: AskingParts) {
    assert(parts.times.partsAtOnce <= WANTED_PARTS_MAX, "a want names so many parts at most");
    this.#parts = parts;
    this.#bell = new Bell(parts.clock);
  }

  /** Something has changed that the host should know, or more is needed. */
  urge(): void {
    this.#urgent = true;
    this.#bell.ring();
  }

  /** The host was heard: what is due may go. */
  heard(): void {
    if (this.#dueMs() <= this.#parts.clock.monotonicMs()) this.#bell.ring();
  }

  partCame(): void {
    this.#lastPartMs = this.#parts.clock.monotonicMs();
    if (this.#fetching().every(({ fetch }) => fetch === undefined || fetch.asked.size === 0)) this.urge();
  }

  pause(durationMs: number): void {
    this.#pausedUntilMs = this.#parts.clock.monotonicMs() + durationMs;
  }

  /** Asks until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, times, hostPresent } = this.#parts;
    while (!signal.aborted) {
      const waitMs = this.#dueMs() - clock.monotonicMs();
      if (waitMs <= 0 && hostPresent()) await this.#send(signal);
      else await this.#bell.wait(waitMs <= 0 ? times.restMs : Math.min(waitMs, times.restMs), signal);
    }
  }

  #fetching(): readonly DocumentStream[] {
    return [...this.#parts.streams.values()].filter(({ fetch }) => fetch !== undefined && fetch.missing > 0);
  }

  #dueMs(): number {
    const { times, liveBusy } = this.#parts;
    const earliestMs = Math.max(this.#lastWantMs + times.gapMs, this.#pausedUntilMs);
    const fetching = this.#fetching();
    if (fetching.length > 0 && liveBusy()) return Math.max(earliestMs, this.#lastWantMs + times.liveHoldMs);
    if (this.#urgent) return earliestMs;
    const againMs = fetching.length === 0 ? times.restMs : times.againMs;
    return Math.max(earliestMs, Math.max(this.#lastWantMs, this.#lastPartMs) + againMs);
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { tid, region, publisher, topic, clock, problems, log } = this.#parts;
    this.#urgent = false;
    this.#lastWantMs = clock.monotonicMs();
    const rows = [...problems].slice(0, PROBLEMS_MAX).map(([reason, count]) => ({ reason, count }));
    const payload = encodeWant({ tid, region, streams: this.#rows(), problems: rows });
    try {
      await publisher.send({ topic, lane: "drain", qos: 0, messages: [payload] }, { timeoutMs: SEND_TIMEOUT_MS, signal });
    } catch (error) {
      if (!isFault(error)) throw error;
      if (!signal.aborted) log.warn("want-not-sent", { code: error.code });
    }
  }

  #rows(): readonly StreamWant[] {
    let left = this.#parts.times.partsAtOnce;
    const byMissing = [...this.#parts.streams.values()].sort((one, other) => (one.fetch?.missing ?? 0) - (other.fetch?.missing ?? 0));
    return byMissing.map((stream) => {
      const { fetch, refused, wholeWanted } = stream;
      const asked = fetch === undefined ? undefined : askOf(fetch, left);
      left -= asked?.parts?.length ?? 0;
      return {
        stream: stream.name,
        have: stream.taker.have(),
        ...asked,
        ...(wholeWanted ? { whole: true as const } : {}),
        ...(refused === undefined ? {} : { refused: refused.sequence, reason: refused.reason }),
      };
    });
  }
}
