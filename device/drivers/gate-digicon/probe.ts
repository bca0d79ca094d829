/*
 * How a board of the Digicon type is known: it acknowledges the word that takes it back to control, which shuts what was left open and opens
 * nothing. It is asked last, at its own speed.
 */
import { type Bytes, u8 } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { SerialProbe } from "../adapter.ts";
import { LineTalk } from "../framing/line-talk.ts";
import { DigiconFrameReader, encodeDigiconFrame } from "./frame.ts";
import { DIGICON_BAUD } from "./gate.ts";

const CONTROL = 0x43;
const ANSWERS: ReadonlySet<number | undefined> = new Set([0x06, 0x15]);
const ANSWER_MS = 400;

function isAnswer(said: Bytes): said is Bytes {
  return said.length === 1 && ANSWERS.has(said[0]);
}

export const digiconProbe: SerialProbe = {
  on: "serial",
  turn: 5,
  baudRate: DIGICON_BAUD,
  ask: async (line, { clock }, { signal }) => {
    const talk = new LineTalk<Bytes>(line, { clock, reader: new DigiconFrameReader() });
    try {
      await talk.ask(encodeDigiconFrame(u8(CONTROL)), isAnswer, { timeoutMs: ANSWER_MS, signal });
      return { why: "it answered the Digicon word for control" };
    } catch (fault) {
      if (isFault(fault)) return undefined;
      throw fault;
    } finally {
      talk.close();
    }
  },
};
