/*
 * iVerifyPIN, and what a host with its own key module does to the PIN in steps. The digits are typed at the keypad and never come here; whoever
 * has no host steps asks the services of the card. Spec: LD/T 33; LD/T 32.7, VERIFY, PIN UNBLOCK, PIN RELOAD.
 */
import { type Bytes, equalBytes, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { historicalDigits } from "../../card/social/historical.ts";
import { hostKeyAddress, type KeyHolder } from "../../card/social/key-holders.ts";
import { NATIONAL_KEYS, type SocialKeyName } from "../../card/social/keys.ts";
import { type ReloadAnswer, reloadPin, unblockPin, verifyPin } from "../../card/social/pin.ts";
import { checkValidity } from "../../card/social/read-identity.ts";
import { DEFAULT_INITIAL_PIN_RULE, initialPinReason } from "../../txn/initial-pin.ts";
import { ALGORITHM_DIGITS } from "./basic-data.ts";
import { type CardAtDesk, type CardDesk, isAnswer, type NamedAtDesk } from "./card-desk.ts";
import type { LibraryAnswer } from "./functions.ts";
import { answerOf, answerOfPin, RESULT, resultOfRefusedCard, statusResult } from "./numbers.ts";
import type { AskCaller } from "./steps.ts";
import { joinFields, parseCommandText, parseProofs } from "./strings.ts";

const PUK_LOCKED = 0x6983;
const MAC_LENGTH = 4;
/** PIN UNBLOCK with its MAC behind it. */
const UNBLOCK_HEADER = Uint8Array.of(0x84, 0x24, 0x00, 0x00, MAC_LENGTH);

/** Has the holder type the PIN. A card that still has the one it was issued with is told to the caller. Faults: those of card and keypad. */
export async function verifyHolder(desk: CardDesk, card: CardAtDesk): Promise<LibraryAnswer> {
  const found = await desk.name(card);
  if (isAnswer(found)) return found;
  const { ports, bounds, provider } = desk;
  const ask = ports.pin === undefined ? undefined : { verifier: ports.pin, limits: { ...card.limits, timeoutMs: bounds.pinTimeoutMs } };
  const condition = await verifyPin(card.channel, ask, card.limits);
  if (condition.kind !== "verified" && condition.kind !== "none-set") return answerOfPin(condition, provider);
  const pin = condition.kind === "verified" ? "set" : "none";
  const reason = initialPinReason({ pin, cardIdentifier: found.named.cardIdentifier }, ports.initialPin ?? DEFAULT_INITIAL_PIN_RULE);
  return answerOf(reason === undefined ? RESULT.done : RESULT.initialPinMayNotTrade);
}

/** What a host is told for one use of a key: algorithm and address first, then whose card it is, then the values. */
function questionOf(desk: CardDesk, { channel, named }: NamedAtDesk, key: SocialKeyName, values: readonly Bytes[]): string | undefined {
  const address = hostKeyAddress(desk.ports.cardProfile.hsmKeyAddress, key);
  if (address === undefined) return undefined;
  return joinFields([
    ALGORITHM_DIGITS[named.algorithm],
    address,
    named.regionCode,
    desk.hexadecimal(historicalDigits(channel.atr)),
    desk.hexadecimal(named.cardIdentifier),
    ...values.map((value) => desk.hexadecimal(toHex(value))),
  ]);
}

/** What the caller has brought cannot be used: nothing was sent to the card. */
function wrongKeyText(): Fault {
  return new Fault("host-answer-malformed", "what the caller brought is not what the step asked for", { effectUnknown: false });
}

async function askFor(
  desk: CardDesk,
  card: NamedAtDesk,
  ask: AskCaller,
  wanted: { readonly key: SocialKeyName; readonly values: readonly Bytes[] },
): Promise<string> {
  const question = questionOf(desk, card, wanted.key, wanted.values);
  if (question === undefined) throw new Fault("key-missing", `the profile names no address of ${wanted.key}`, { effectUnknown: false });
  return ask(question);
}

/** A host behind the caller, as whoever holds the keys of a card. */
function callerKeys(desk: CardDesk, card: NamedAtDesk, ask: AskCaller): KeyHolder {
  return {
    authenticationData: async ({ key, sessionFactor, raw }) => {
      const [proof] = parseProofs(await askFor(desk, card, ask, { key, values: [sessionFactor, raw] }), 1) ?? [];
      if (proof === undefined || !equalBytes(proof.raw, raw)) throw wrongKeyText();
      return proof.proof;
    },
    commandMac: async ({ key, challenge }) => {
      const bytes = parseCommandText(await askFor(desk, card, ask, { key, values: [challenge] }));
      const header = bytes?.slice(0, UNBLOCK_HEADER.length);
      if (bytes?.length !== UNBLOCK_HEADER.length + MAC_LENGTH || header === undefined || !equalBytes(header, UNBLOCK_HEADER)) throw wrongKeyText();
      return bytes.slice(UNBLOCK_HEADER.length);
    },
  };
}

/** iUnblockPIN in two steps: the challenge goes out, the command with its MAC comes back. */
export async function unblockBySteps(desk: CardDesk, card: CardAtDesk, cardInfo: string, ask: AskCaller): Promise<LibraryAnswer> {
  const found = await desk.nameThis(card, cardInfo);
  if (isAnswer(found)) return found;
  const work = async (asking: AskCaller) => answerOfReload(await unblockPin(card.channel, callerKeys(desk, found, asking), card.limits));
  return whileValid(desk, found, { ask, work });
}

/** iReloadPIN in three steps: the proof of the unblocking key, then the host's whole command with the new PIN in it. */
export async function reloadBySteps(desk: CardDesk, card: CardAtDesk, cardInfo: string, ask: AskCaller): Promise<LibraryAnswer> {
  const found = await desk.nameThis(card, cardInfo);
  if (isAnswer(found)) return found;
  const { keyTable = NATIONAL_KEYS } = desk.ports;
  const work = async (asking: AskCaller) => {
    const service = {
      reloadCommand: async ({ challenge }: { readonly challenge: Bytes }) => {
        const bytes = parseCommandText(await askFor(desk, found, asking, { key: "stk-ssse", values: [challenge] }));
        if (bytes === undefined) throw wrongKeyText();
        return bytes;
      },
    };
    const reload = { algorithm: found.named.algorithm, keys: callerKeys(desk, found, asking), keyTable, service };
    return answerOfReload(await reloadPin(card.channel, reload, card.limits));
  };
  return whileValid(desk, found, { ask, work });
}

/** A host may take a minute: a card that a list names meanwhile, or whose last day ends, is not touched any more. */
async function whileValid(
  desk: CardDesk,
  { named }: NamedAtDesk,
  { ask, work }: { readonly ask: AskCaller; readonly work: (asking: AskCaller) => Promise<LibraryAnswer> },
): Promise<LibraryAnswer> {
  const refused: { answer?: LibraryAnswer } = {};
  const asking: AskCaller = async (question) => {
    const text = await ask(question);
    const valid = checkValidity(named, desk.socialOptions);
    if (valid.kind !== "refused") return text;
    refused.answer = answerOf(resultOfRefusedCard(valid));
    throw new Fault("cancelled", "the card may not be served any more", { effectUnknown: false });
  };
  try {
    return await work(asking);
  } catch (error) {
    if (refused.answer === undefined) throw error;
    return refused.answer;
  }
}

function answerOfReload(answer: ReloadAnswer): LibraryAnswer {
  switch (answer.kind) {
    case "ok":
      return answerOf(RESULT.done);
    case "puk-locked":
      return answerOf(statusResult(PUK_LOCKED));
    case "proof-refused":
    case "refused":
      return answerOf(statusResult(answer.statusWord));
    case "host-command-malformed":
      return answerOf(RESULT.lengthWrong);
  }
}
