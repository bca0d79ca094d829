/* One command to the pad and its answer, one at a time. What the pad says to nobody, or to an earlier command, is passed over. */
import type { Bytes } from "../../base/bytes.ts";
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
  readonly #reader = new NewlandAnswerReader();
  readonly #talk: LineTalk<NewlandAnswer>;

  constructor(line: ByteLine, clock: Clock) {
    this.#talk = new LineTalk(line, { clock, reader: this.#reader, goneCode: "pad-gone" });
  }

  /** Runs work that needs the pad for itself, after whatever was begun before; the wait counts against `limits`. */
  alone<Value>(limits: Limits, work: () => Promise<Value>): Promise<Value> {
    return this.#talk.alone(limits, work);
  }

  /** Sends a command and resolves with its answer, both within `limits`. Faults: "pad-gone", "timeout", "cancelled", "closed". */
  send(command: NewlandCommand, limits: Limits): Promise<NewlandAnswer> {
    this.#reader.expect(command.code, command.answerBytes);
    return this.#talk.ask(encodeNewlandFrame(command.code, command.data), isAnswer, limits);
  }

  close(): void {
    this.#talk.close();
  }
}

function isAnswer(_word: NewlandAnswer): _word is NewlandAnswer {
  return true;
}
