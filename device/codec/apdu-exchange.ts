/*
 * Goal: whoever sends a command gets its whole answer, on T=0, T=1 and contactless alike, and no card can keep the terminal busy for ever.
 * Method: 61xx is followed by GET RESPONSE, 6Cxx by the same command with the length that the card names, up to a bound.
 */
import { type Bytes, concat, EMPTY } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { type CommandApdu, encodeCommand, formatStatusWord, parseResponse, type ResponseApdu, sw1Of, sw2Of } from "./apdu.ts";

/** Commands that one exchange may take. 32 responses of 256 bytes are twice the longest file of the card. */
export const EXCHANGE_ROUNDS_MAX = 32;

/** Sends one command APDU and resolves with the response APDU as the card gave it. */
export type Transmit = (command: Bytes) => Promise<Bytes>;

/**
 * Sends a command and follows 61xx and 6Cxx. The result's data is that of all rounds together, its status word the last one.
 * Faults: those of `transmit`; "card-answer-malformed" and "card-chain-too-long", both with unknown effect: the card has taken the command.
 */
export async function exchangeApdu(transmit: Transmit, command: CommandApdu): Promise<ResponseApdu> {
  let next = command;
  let collected: Bytes = EMPTY;
  for (let round = 0; round < EXCHANGE_ROUNDS_MAX; round += 1) {
    const response = readResponse(await transmit(encodeCommand(next)));
    collected = concat(collected, response.data);
    switch (sw1Of(response.sw)) {
      case 0x61:
        next = getResponse(command.cla, lengthOf(response.sw));
        break;
      case 0x6c:
        if (response.data.length > 0) throw malformed(`data beside ${formatStatusWord(response.sw)}`);
        // What is repeated is the command that was refused, which may be a GET RESPONSE; the one before it has been executed.
        next = { ...next, le: lengthOf(response.sw) };
        break;
      default:
        return { data: collected, sw: response.sw };
    }
  }
  throw new Fault("card-chain-too-long", `no end of the answer after ${EXCHANGE_ROUNDS_MAX} commands`, { effectUnknown: true });
}

/** In 61xx and 6Cxx the second byte counts bytes; zero stands for 256. */
function lengthOf(sw: number): number {
  return sw2Of(sw) === 0 ? 256 : sw2Of(sw);
}

/**
 * GET RESPONSE is an interindustry command on the logical channel of the command; proprietary classes (80, B0) name no channel.
 * Spec: ISO/IEC 7816-4, 5.1 (clause number from memory).
 */
function getResponse(cla: number, le: number): CommandApdu {
  return { cla: cla < 0x20 ? cla & 0x03 : 0x00, ins: 0xc0, p1: 0x00, p2: 0x00, data: EMPTY, le };
}

function readResponse(bytes: Bytes): ResponseApdu {
  const parsed = parseResponse(bytes);
  if (!parsed.ok) throw malformed(parsed.reason);
  return parsed.response;
}

function malformed(what: string): Fault {
  return new Fault("card-answer-malformed", `answer of the card: ${what}`, { effectUnknown: true });
}
