/*
 * How this pad is known: it is told to go to a directory that no such pad has, and refuses by the code for that. It stays where it was, and
 * no echo of the question looks like the answer.
 */
import { u8 } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { SerialProbe } from "../adapter.ts";
import { NewlandExchange } from "./exchange.ts";

const CHOOSE_DIRECTORY = 0xd6;
const NO_DIRECTORY = 0x7f;
const ANSWER_MS = 400;

export const newlandProbe: SerialProbe = {
  on: "serial",
  turn: 1,
  baudRate: 9_600,
  ask: async (line, { clock }, { signal }) => {
    const exchange = new NewlandExchange(line, clock);
    try {
      const answer = await exchange.send({ code: CHOOSE_DIRECTORY, data: u8(NO_DIRECTORY), answerBytes: 0 }, { timeoutMs: ANSWER_MS, signal });
      if (answer.is !== "refused") return undefined;
      return { why: "it refused a directory that no Newland pad has, in a Newland frame" };
    } catch (fault) {
      if (isFault(fault)) return undefined;
      throw fault;
    } finally {
      exchange.close();
    }
  },
};
