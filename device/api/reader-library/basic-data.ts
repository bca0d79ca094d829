/*
 * iReadCardBas, with the terminal's module and with a host's: the card proves itself, opens the holder's file, and is told as one string.
 * Spec: LD/T 33, iReadCardBas; LD/T 32.7, checks before a transaction.
 */
import { type Bytes, concat, EMPTY, equalBytes, toHex } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { exchange } from "../../card/dialogue.ts";
import { drawChallenge, HOLDER_READ_KEY, INTERNAL_AUTHENTICATION_KEY } from "../../card/social/authentication.ts";
import { HOLDER_FILE, HOLDER_TAGS, readItems } from "../../card/social/files.ts";
import { historicalDigits } from "../../card/social/historical.ts";
import { checkValidity, holderOf, readSocialIdentity } from "../../card/social/read-identity.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardBas } from "../../codec/read-card-bas.ts";
import type { CardChannel, Psam, SocialPsam } from "../../drivers/ports.ts";
import { type CardAtDesk, type CardDesk, isAnswer, type NamedAtDesk, type OrAnswer } from "./card-desk.ts";
import type { LibraryAnswer } from "./functions.ts";
import { answerOf, RESULT, resultOfRefusedCard, statusResult } from "./numbers.ts";
import type { AskCaller } from "./steps.ts";
import { formatCardBas, joinFields, type ProofText, parseProofs } from "./strings.ts";

const VALUE_LENGTH = 8;
const HOLDER_READ_KEY_ON_CARD = 0x0a;
/** As a card writes its algorithm in tag 86. Spec: LD/T 32.7, SELECT. */
export const ALGORITHM_DIGITS = { "3des": "01", sm4: "03" } as const;

type CardFacts = Pick<SocialIdentity, "regionCode" | "cardNumber" | "cardIdentifier" | "version" | "issueDate" | "expiryDate" | "holder">;

function outputOf(desk: CardDesk, channel: CardChannel, { holder, cardIdentifier, ...card }: CardFacts, terminalNumber: Bytes): LibraryAnswer {
  const fields: CardBas = {
    ...card,
    socialSecurityNumber: holder.socialSecurityNumber,
    name: holder.name,
    cardIdentifier: desk.hexadecimal(cardIdentifier),
    historicalBytes: desk.hexadecimal(historicalDigits(channel.atr)),
    terminalNumber: toHex(terminalNumber),
    deviceNumber: desk.ports.deviceNumber,
  };
  const output = formatCardBas(fields, desk.provider.basOrder);
  return output === undefined ? answerOf(RESULT.dataNotLegal) : answerOf(RESULT.done, output);
}

/** The module, and which of its keys was asked for last: a key that is missing has a number of its own. */
function watchedModule(module: SocialPsam): { readonly psam: Psam; readonly asked: () => number | undefined } {
  let asked: number | undefined;
  const psam: Psam = {
    terminalNumber: module.terminalNumber,
    expectedSequence: () => module.expectedSequence(),
    beginPurchase: (purchase, limits) => module.beginPurchase(purchase, limits),
    authenticationData: (request, limits) => {
      asked = request.keyId;
      return module.authenticationData(request, limits);
    },
    close: async () => undefined,
  };
  return { psam, asked: () => asked };
}

/** iReadCardBas with the module of the terminal. Faults: those of the card's channel. */
export async function readBasicData(desk: CardDesk, { channel, limits }: CardAtDesk): Promise<LibraryAnswer> {
  const module = await desk.module(limits);
  if (module === undefined) return answerOf(RESULT.noModule);
  const { psam, asked } = watchedModule(module);
  try {
    const identity = await readSocialIdentity(channel, psam, desk.socialOptions, limits);
    return identity.kind === "ok" ? outputOf(desk, channel, identity, module.terminalNumber) : answerOf(resultOfRefusedCard(identity));
  } catch (error) {
    if (!isFault(error, "key-missing")) throw error;
    // Every module has the key of the card's proof, unless it has none of this algorithm at all.
    return answerOf(asked() === HOLDER_READ_KEY.keyId ? RESULT.moduleWithoutReadKey : RESULT.moduleWithoutAlgorithm);
  }
}

/** What the card has said before the host was asked. */
interface StepValues {
  /** What the card answered to INTERNAL AUTHENTICATE. */
  readonly proof: Bytes;
  readonly internal: { readonly sessionFactor: Bytes; readonly raw: Bytes };
  readonly external: { readonly sessionFactor: Bytes; readonly raw: Bytes };
}

/**
 * iReadCardBas with a host's keys, in two steps: the card's values go to the caller, the host's proofs come back. The card stays powered between
 * them. Spec: LD/T 33, iReadCardBas_HSM_Step1 and Step2.
 */
export async function readBasicDataBySteps(desk: CardDesk, card: CardAtDesk, ask: AskCaller): Promise<LibraryAnswer> {
  const found = await desk.name(card);
  if (isAnswer(found)) return found;
  const module = await desk.module(card.limits);
  if (module !== undefined && (await moduleServes(desk, module, found))) return answerOf(RESULT.hostNotNeeded);
  const values = await stepValues(desk, found);
  if (isAnswer(values)) return values;
  const question = questionOf(desk, found, values);
  if (question === undefined) return answerOf(RESULT.dataNotLegal);
  const key = await ask(question);
  const [internal, external] = parseProofs(key, 2) ?? [];
  if (internal === undefined || external === undefined) return answerOf(RESULT.parameterWrong);
  return readWithProofs(desk, found, { values, internal, external, terminalNumber: module?.terminalNumber ?? EMPTY });
}

/** Whether the module has both keys for this card. Asking it changes nothing. */
async function moduleServes({ provider }: CardDesk, module: SocialPsam, { named, limits }: NamedAtDesk): Promise<boolean> {
  if (provider.stepsWhileModuleServes === "serve") return false;
  const { algorithm, factors } = named;
  const value = new Uint8Array(VALUE_LENGTH);
  try {
    for (const key of [INTERNAL_AUTHENTICATION_KEY, HOLDER_READ_KEY])
      await module.authenticationData({ ...key, algorithm, factors, sessionFactor: value, raw: value }, limits);
    return true;
  } catch (error) {
    if (!isFault(error)) throw error;
    return false;
  }
}

/** The challenges come last: the card forgets one at the next command. */
async function stepValues({ ports }: CardDesk, { channel, limits }: NamedAtDesk): Promise<OrAnswer<StepValues>> {
  const internal = { sessionFactor: ports.randomness.bytes(VALUE_LENGTH), raw: ports.randomness.bytes(VALUE_LENGTH) };
  const apdu = command("00 88 00 00", { data: concat(internal.sessionFactor, internal.raw), le: VALUE_LENGTH });
  const { data: proof, sw } = await exchange(channel, apdu, limits);
  if (!isOk(sw)) return answerOf(statusResult(sw));
  const raw = await drawChallenge(channel, limits);
  if ("kind" in raw) return answerOf(statusResult(raw.statusWord));
  const sessionFactor = await drawChallenge(channel, limits);
  if ("kind" in sessionFactor) return answerOf(statusResult(sessionFactor.statusWord));
  return { proof, internal, external: { sessionFactor, raw } };
}

function questionOf(desk: CardDesk, { channel, named }: NamedAtDesk, { internal, external }: StepValues): string | undefined {
  const { deviceNumber } = desk.ports;
  const digits = (bytes: Bytes) => desk.hexadecimal(toHex(bytes));
  return joinFields([
    named.regionCode,
    desk.hexadecimal(historicalDigits(channel.atr)),
    ALGORITHM_DIGITS[named.algorithm],
    desk.hexadecimal(named.cardIdentifier),
    digits(internal.sessionFactor),
    digits(internal.raw),
    digits(external.sessionFactor),
    digits(external.raw),
    ...(desk.provider.stepDeviceNumber ? [deviceNumber] : []),
  ]);
}

interface Proofs {
  readonly values: StepValues;
  readonly internal: ProofText;
  readonly external: ProofText;
  readonly terminalNumber: Bytes;
}

async function readWithProofs(desk: CardDesk, { channel, limits, named }: NamedAtDesk, proofs: Proofs): Promise<LibraryAnswer> {
  const { values, internal, external, terminalNumber } = proofs;
  const sameValues = equalBytes(internal.raw, values.internal.raw) && equalBytes(external.raw, values.external.raw);
  if (!sameValues) return answerOf(RESULT.checkFailed);
  if (!equalBytes(internal.proof, values.proof)) return answerOf(RESULT.notGenuine);
  const card = checkValidity(named, desk.socialOptions);
  if (card.kind === "refused") return answerOf(resultOfRefusedCard(card));
  const proved = await proveToCard(channel, external, limits);
  if (proved !== undefined) return proved;
  const items = await readItems(channel, { file: HOLDER_FILE, tags: HOLDER_TAGS }, limits);
  if (items.kind === "refused") return answerOf(statusResult(items.statusWord));
  const holder = items.kind === "malformed" ? undefined : holderOf(items.values);
  if (holder?.kind !== "ok") return answerOf(RESULT.dataNotLegal);
  return outputOf(desk, channel, { ...card.value, holder: holder.value }, terminalNumber);
}

/** Passes the host's proof on. Undefined: the card has taken it. */
async function proveToCard(channel: CardChannel, { proof, raw }: ProofText, limits: Limits): Promise<LibraryAnswer | undefined> {
  const { sw } = await exchange(channel, { cla: 0x00, ins: 0x82, p1: 0x00, p2: HOLDER_READ_KEY_ON_CARD, data: concat(proof, raw) }, limits);
  return isOk(sw) ? undefined : answerOf(statusResult(sw));
}
