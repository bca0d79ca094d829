/*
 * How a printer is known: it answers a real-time question for its paper at once, even without paper. Questions of other families may have left
 * a character or two in its line, which are taken away again before anything could be printed.
 */
import { fromHex } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { SerialProbe } from "../adapter.ts";
import { LineTalk } from "../framing/line-talk.ts";
import { StatusReader, type StatusWord } from "./status.ts";

const PAPER_QUESTION = fromHex("100404");
const INITIALIZE = fromHex("1b40");
const ANSWER_MS = 400;

function isNow(word: StatusWord): word is StatusWord {
  return word.is === "now";
}

export const printerProbe: SerialProbe = {
  on: "serial",
  turn: 2,
  baudRate: 9_600,
  ask: async (line, { clock }, { signal }) => {
    const talk = new LineTalk<StatusWord>(line, { clock, reader: new StatusReader() });
    const limits = { timeoutMs: ANSWER_MS, signal };
    try {
      await talk.ask(PAPER_QUESTION, isNow, limits);
      await talk.write(INITIALIZE, limits);
      return { why: "it answered the real-time question for paper (DLE EOT 4)" };
    } catch (fault) {
      if (isFault(fault)) return undefined;
      throw fault;
    } finally {
      talk.close();
    }
  },
};
