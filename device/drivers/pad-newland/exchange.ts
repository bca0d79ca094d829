/* One command to the pad and its answer, one at a time. What the pad says to nobody, or to an earlier command, is passed over. */
import type { Bytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { LineTalk } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import { encodeNewlandFrame, type NewlandAnswer, NewlandAnswerReader } from "./frame.ts";

export interface NewlandCommand {
  readonly code: number;
  readonly data: Bytes;
  /** Bytes of data in a good answer. */
  readonly answerBytes: number;
}

export class NewlandExchange {
  readonly #clock: Clock;
  readonly #reader = new NewlandAnswerReader();
  readonly #talk: LineTalk<NewlandAnswer>;

  constructor(line: ByteLine, clock: Clock) {
    this.#clock = clock;
    this.#talk = new LineTalk(line, { clock, reader: this.#reader });
  }

  /** Runs work that needs the pad for itself, after whatever was begun before; the wait counts against `limits`. */
  alone<Value>(limits: Limits, work: () => Promise<Value>): Promise<Value> {
    return this.#talk.alone(limits, work);
  }

  /** Sends a command and resolves with its answer, both within `limits`. Faults: "pad-gone", "timeout", "cancelled", "closed". */
  async send(command: NewlandCommand, limits: Limits): Promise<NewlandAnswer> {
    this.#reader.expect(command.code, command.answerBytes);
    const ear = this.#talk.listen();
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    try {
      await this.#talk.write(encodeNewlandFrame(command.code, command.data), limits);
      return await ear.next({ timeoutMs: Math.max(0, untilMs - this.#clock.monotonicMs()), signal: limits.signal });
    } catch (fault) {
      throw asPadFault(fault);
    } finally {
      ear.stop();
    }
  }

  close(): void {
    this.#talk.close();
  }
}

/** What happens to a pad's line happens to the pad. */
function asPadFault(fault: unknown): unknown {
  if (!isFault(fault, "device-gone", "device-hung")) return fault;
  return new Fault("pad-gone", fault.message, { effectUnknown: fault.effectUnknown, cause: fault });
}
