/* One command to the card and its whole answer. What the card says is a value; only what the world does is a fault. */
import type { Bytes } from "../base/bytes.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Limits } from "../base/ports.ts";
import { type CommandApdu, command, isOk, type ResponseApdu } from "../codec/apdu.ts";
import { exchangeApdu } from "../codec/apdu-exchange.ts";
import type { CardChannel } from "../drivers/ports.ts";

/**
 * Sends a command and follows 61xx and 6Cxx, each round within `limits`; the number of rounds is bounded by the exchange.
 * Faults: those of the channel, "card-answer-malformed", "card-chain-too-long".
 */
export function exchange(channel: CardChannel, apdu: CommandApdu, limits: Limits): Promise<ResponseApdu> {
  return exchangeApdu((bytes) => channel.transmit(bytes, limits), apdu);
}

export type SelectAnswer =
  | { readonly kind: "ok"; readonly fci: Bytes }
  | { readonly kind: "not-found" }
  /** The application, or the whole card, has been blocked for good. */
  | { readonly kind: "blocked" }
  | { readonly kind: "refused"; readonly statusWord: number };

/** Selects an application or directory by its name. Spec: LD/T 32.7, SELECT. */
export async function selectByName(channel: CardChannel, name: Bytes, limits: Limits): Promise<SelectAnswer> {
  const { data, sw } = await exchange(channel, command("00 A4 04 00", { data: name, le: 256 }), limits);
  if (isOk(sw)) return { kind: "ok", fci: data };
  // A blocked card answers 6A81 and a blocked application 9303. Spec: LD/T 32.7, SELECT.
  if (sw === 0x6a81 || sw === 0x9303) return { kind: "blocked" };
  return sw === 0x6a82 || sw === 0x6a88 ? { kind: "not-found" } : { kind: "refused", statusWord: sw };
}

/**
 * An answer that says success but does not have the shape of one: the card cannot be trusted any further. The command was taken,
 * so its effect is unknown where it had one.
 */
export function malformed(what: string): Fault {
  return new Fault("card-answer-malformed", `${what}: the answer has not the form of one`, { effectUnknown: true });
}

/** The answer to a command that cannot be taken back, and whether the card has said that it executed it. */
export interface DecisiveResponse extends ResponseApdu {
  /** The card answered 61xx: the command has taken hold, whatever became of its answer. */
  readonly executed: boolean;
}

/**
 * Like {@link exchange}, for commands with an effect: an answer that is lost after 61xx must not be taken for a refusal. A fault after
 * any answer never has "no effect", although the channel says so of the command that it did not send: that one only fetches (61xx) or
 * repeats (6Cxx), and the decisive one has been with the card.
 */
export async function exchangeDecisive(channel: CardChannel, apdu: CommandApdu, limits: Limits): Promise<DecisiveResponse> {
  let answered = false;
  let executed = false;
  try {
    const response = await exchangeApdu(async (bytes) => {
      const answer = await channel.transmit(bytes, limits);
      answered = true;
      executed ||= answer.length >= 2 && answer.at(-2) === 0x61;
      return answer;
    }, apdu);
    return { ...response, executed };
  } catch (error) {
    if (!answered || !isFault(error) || error.effectUnknown) throw error;
    throw new Fault(error.code, `after the card had answered a decisive command: ${error.message}`, { effectUnknown: true, cause: error });
  }
}
