/* Ways to break the specifications, from the most particular to the roughest, for the proof that the cases notice. */
import { type Bytes, concat, readUint, u16be } from "../../device/base/bytes.ts";
import type { Deviation } from "./context.ts";

const word = (answer: Bytes): number => readUint(answer, answer.length - 2, 2);
const data = (answer: Bytes): Bytes => answer.slice(0, -2);
const isRefusal = (answer: Bytes): boolean => word(answer) !== 0x9000 && word(answer) >>> 8 !== 0x61 && word(answer) >>> 8 !== 0x6c;

function refusalsAlike(_: Bytes, answer: Bytes): Bytes {
  return isRefusal(answer) ? u16be(0x6f00) : answer;
}

function refusesNothing(_: Bytes, answer: Bytes): Bytes {
  return isRefusal(answer) ? u16be(0x9000) : answer;
}

function lastBitFlipped(_: Bytes, answer: Bytes): Bytes {
  return answer.map((byte, at) => (at === answer.length - 3 ? byte ^ 1 : byte));
}

function firstBitFlipped(_: Bytes, answer: Bytes): Bytes {
  return answer.length > 2 ? answer.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) : answer;
}

function aByteMore(_: Bytes, answer: Bytes): Bytes {
  return answer.length > 2 ? concat(data(answer), Uint8Array.of(0), answer.slice(-2)) : answer;
}

function wordsApart(_: Bytes, answer: Bytes): Bytes {
  return concat(data(answer), u16be(word(answer) ^ 1));
}

export const REFUSALS_ALIKE: Deviation = { name: "a card that knows one word of refusal", cardAnswer: refusalsAlike };

/** From the most particular to the roughest, so that each case is shown to notice as fine a breach as possible. */
export const DEVIATIONS: readonly Deviation[] = [
  { name: "a card with a wrong MAC2", cardFaults: { wrongMac2: true } },
  { name: "a card with a wrong TAC", cardFaults: { wrongTac: true } },
  { name: "a module with a wrong MAC1", psamFaults: { wrongMac1: true } },
  { name: "a card whose counter counts as used up", cardFaults: { counterExhausted: true } },
  REFUSALS_ALIKE,
  { name: "a module that knows one word of refusal", psamAnswer: refusalsAlike },
  { name: "a card that refuses nothing", cardAnswer: refusesNothing },
  { name: "a module that refuses nothing", psamAnswer: refusesNothing },
  { name: "a card that answers with one bit flipped", cardAnswer: lastBitFlipped },
  { name: "a module that answers with one bit flipped", psamAnswer: lastBitFlipped },
  { name: "a card that answers with the first bit flipped", cardAnswer: firstBitFlipped },
  { name: "a card that answers a byte more", cardAnswer: aByteMore },
  { name: "a card that is torn at its fifth command", cardFaults: { commandsUntilTear: 4, tearAt: "after" } },
  { name: "a blocked purse", cardFaults: { blocked: "purse" } },
  { name: "a blocked social application", cardFaults: { blocked: "social" } },
  { name: "a mute card", cardFaults: { mute: true } },
  { name: "a card that is never mute", cardFaults: { mute: false } },
  { name: "a card that refuses everything alike", cardAnswer: () => u16be(0x6985) },
  { name: "a card with neighbouring status words", cardAnswer: wordsApart },
];

/** No card and no module answers in these cases. */
export const OUT_OF_REACH: readonly string[] = ["SAM-036", "QPS-005"];
