/* How long a simulated exchange takes: a stand-in for contacts, field and chip, so that budgets and races mean something. */
import type { Bytes } from "../../device/base/bytes.ts";

/** Milliseconds of one exchange. */
export type ExchangeTiming = (command: Bytes, response: Bytes) => number;

/** Execution times in milliseconds by class and instruction; a logged DEBIT on a contact card took about 78 ms. */
const EXECUTION_MS: ReadonlyMap<number, number> = new Map([
  [0x00a4, 12],
  [0x0082, 20],
  [0x0088, 20],
  [0x0020, 25],
  [0x8050, 20],
  [0x8052, 78],
  [0x8054, 78],
  [0x805a, 12],
  [0x8070, 25],
  [0x8072, 15],
]);
const OTHER_MS = 8;

/** Contact interface at 9600 × 4 baud, about 0.3 ms a byte. */
export const contactTiming: ExchangeTiming = (command, response) => exchangeMs(command, response, 0.3);
/** Contactless interface at 106 kbit/s, about 0.1 ms a byte. */
export const contactlessTiming: ExchangeTiming = (command, response) => exchangeMs(command, response, 0.1);

function exchangeMs(command: Bytes, response: Bytes, msPerByte: number): number {
  const execution = EXECUTION_MS.get((command[0] ?? 0) * 256 + (command[1] ?? 0)) ?? OTHER_MS;
  return execution + (command.length + response.length) * msPerByte;
}
