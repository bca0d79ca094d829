/*
 * Commands that change money on the card. All of them are read in the same careful way: success needs its codes, a refusal needs a status
 * word that can only come before the card began, and everything else leaves open what happened.
 */
import type { Bytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { type CommandApdu, formatStatusWord, isOk } from "../../codec/apdu.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchangeDecisive, malformed } from "../dialogue.ts";
import type { CardRefusal } from "./types.ts";

/**
 * Status words by which the card says that such a command was refused before it began. Anything else, above all 65xx (memory trouble),
 * leaves open whether money has moved.
 */
const REFUSALS: ReadonlySet<number> = new Set([
  0x6700, 0x6901, 0x6982, 0x6983, 0x6984, 0x6985, 0x6988, 0x6a80, 0x6a81, 0x6a82, 0x6a86, 0x6a88, 0x6b00, 0x6d00, 0x6e00, 0x9302, 0x9303, 0x9401, 0x9402,
  0x9403,
]);

/**
 * Sends such a command and reads its success with `parse`. "refused" means that nothing has changed. Faults have unknown effect as the
 * channel says; an answer that leaves the matter open is "card-answer-malformed" with unknown effect.
 */
export async function changeMoney<Success>(
  channel: CardChannel,
  step: { readonly what: string; readonly apdu: CommandApdu; readonly parse: (data: Bytes) => Success | undefined },
  limits: Limits,
): Promise<Success | CardRefusal> {
  const answer = await exchangeDecisive(channel, step.apdu, limits);
  if (isOk(answer.sw)) {
    const success = step.parse(answer.data);
    if (success === undefined) throw malformed(step.what);
    return success;
  }
  if (!answer.executed && REFUSALS.has(answer.sw)) return { kind: "refused", statusWord: answer.sw };
  throw new Fault("card-answer-malformed", `${step.what}: ${formatStatusWord(answer.sw)} leaves open what happened`, { effectUnknown: true });
}
