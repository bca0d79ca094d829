/* How a relay board is known: unit 1, as delivered, tells its coils, or refuses with a Modbus exception. Reading switches nothing. */
import { isFault } from "../../base/fault.ts";
import type { SerialProbe } from "../adapter.ts";
import { LineTalk } from "../framing/line-talk.ts";
import { encodeModbusRequest, type ModbusAnswer, ModbusAnswerReader, READ_COILS } from "./frame.ts";

const UNIT = 1;
const COILS = 8;
const ANSWER_MS = 400;

function isCoils(answer: ModbusAnswer): answer is ModbusAnswer {
  return answer.operation === READ_COILS;
}

export const relayProbe: SerialProbe = {
  on: "serial",
  turn: 4,
  baudRate: 9_600,
  ask: async (line, { clock }, { signal }) => {
    const talk = new LineTalk<ModbusAnswer>(line, { clock, reader: new ModbusAnswerReader(UNIT) });
    try {
      await talk.ask(encodeModbusRequest(UNIT, READ_COILS, [0, COILS]), isCoils, { timeoutMs: ANSWER_MS, signal });
      return { why: "unit 1 answered a Modbus question for its coils" };
    } catch (fault) {
      if (isFault(fault)) return undefined;
      throw fault;
    } finally {
      talk.close();
    }
  },
};
