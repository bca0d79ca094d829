/* Who is this card, is it genuine and valid, and who holds it: the checks before any transaction, in the order of the specification. */
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import type { Limits, Randomness } from "../../base/ports.ts";
import { command, isOk, triesLeft } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel, PinTemplate, Psam } from "../../drivers/ports.ts";
import { exchange, selectByName } from "../dialogue.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";
import {
  type AuthenticationContext,
  authenticateCard,
  authenticateTerminal,
  HOLDER_READ_KEY,
  INTERNAL_AUTHENTICATION_KEY,
  type SocialKey,
} from "./authentication.ts";
import {
  HOLDER_FILE,
  HOLDER_TAGS,
  ISSUER_FILE,
  ISSUER_TAGS,
  parseAlgorithm,
  parseCardIdentifier,
  parseCardNumber,
  parseDate,
  parseText,
  parseVersion,
  readItems,
} from "./files.ts";
import { parseHistoricalBytes, socialFactors } from "./historical.ts";
import type { Holder, PinState, SocialIdentity, SocialIdentityResult, SocialRefusal } from "./types.ts";

/** Name of the social application's top directory, "sx1.sh.社会保障" in GBK. Spec: LD/T 32.5, SSSE. */
export const SOCIAL_ENVIRONMENT_NAME: Bytes = fromHex("7378312e73682ec9e7bbe1b1a3d5cf");

/** The card's own PIN: 2 to 8 bytes of digits. Spec: LD/T 32.7, VERIFY. */
export const CARD_PIN_TEMPLATE: PinTemplate = { header: fromHex("00200000"), coding: "bcd-f", minDigits: 4, maxDigits: 16 };

export interface SocialOptions {
  readonly profile: Pick<CardProfile, "algWhenTagAbsent" | "emptyVersion">;
  readonly randomness: Randomness;
  /** YYYYMMDD: the day against which validity is checked. */
  readonly today: string;
  /** Keys of the module; left out: those of the national key list. */
  readonly internalKey?: SocialKey;
  readonly holderKey?: SocialKey;
  /** Whether the card stands on an invalid list; left out: no list. */
  readonly isListed?: (card: { readonly cardIdentifier: string; readonly cardNumber: string }) => boolean;
  readonly acceptsOrganisation?: (organisation: string) => boolean;
  readonly acceptsCategory?: (category: string) => boolean;
}

type Refused = Extract<SocialIdentityResult, { kind: "refused" }>;
type Checked<Value> = { readonly kind: "ok"; readonly value: Value } | Refused;

function refuse(reason: SocialRefusal, statusWord?: number): Refused {
  return statusWord === undefined ? { kind: "refused", reason } : { kind: "refused", reason, statusWord };
}

/**
 * Selects the social application, has the card prove itself, reads who it is and who holds it, and checks that it may be used today.
 * Faults: those of the card's and the module's channel, "key-missing". `limits` bound each command.
 */
export async function readSocialIdentity(channel: CardChannel, psam: Psam, options: SocialOptions, limits: Limits): Promise<SocialIdentityResult> {
  const selected = await selectSocial(channel, options, limits);
  if (selected.kind === "refused") return selected;
  const algorithm = selected.value;
  const historical = parseHistoricalBytes(channel.atr);
  if (historical === undefined) return refuse("data-malformed");
  const issuer = await readIssuerFile(channel, limits);
  if (issuer.kind === "refused") return issuer;
  const context = { psam, algorithm, factors: socialFactors(historical.cardFactor, issuer.value.regionCode) };
  const genuine = await authenticateCard(
    channel,
    { ...context, randomness: options.randomness, key: options.internalKey ?? INTERNAL_AUTHENTICATION_KEY },
    limits,
  );
  if (genuine !== "authentic") return refuse("not-genuine", genuine === "not-authentic" ? undefined : genuine.statusWord);
  const card = checkValidity(issuer.value, options);
  if (card.kind === "refused") return card;
  const holder = await readHolder(channel, { ...context, generation: card.value.generation, key: options.holderKey ?? HOLDER_READ_KEY }, limits);
  if (holder.kind === "refused") return holder;
  return { kind: "ok", ...card.value, algorithm, holder: holder.value };
}

/** Asks whether a PIN is set; the counter of tries does not move. Spec: LD/T 32.7, VERIFY. */
export async function queryPinState(channel: CardChannel, limits: Limits): Promise<PinState> {
  // An empty VERIFY has Lc = 00, which travels like Le = 256.
  const { sw } = await exchange(channel, command("00 20 00 00", { le: 256 }), limits);
  if (isOk(sw)) return { kind: "none" };
  const left = triesLeft(sw);
  if (sw === 0x6983 || left === 0) return { kind: "locked" };
  return left === undefined ? { kind: "refused", statusWord: sw } : { kind: "set", triesLeft: left };
}

async function selectSocial(channel: CardChannel, options: SocialOptions, limits: Limits): Promise<Checked<CardAlgorithm>> {
  const answer = await selectByName(channel, SOCIAL_ENVIRONMENT_NAME, limits);
  switch (answer.kind) {
    case "not-found":
      return refuse("not-a-social-card");
    case "blocked":
      return refuse("card-blocked");
    case "refused":
      return refuse("not-a-social-card", answer.statusWord);
    case "ok":
      break;
  }
  // Tag 86: 01 triple DES, 03 SM4; 02 would be SSF33, which nobody outside its makers can compute. Spec: LD/T 32.7, SELECT.
  const algorithm = parseAlgorithm(answer.fci) ?? (options.profile.algWhenTagAbsent === "des" ? 0x01 : 0x02);
  if (algorithm === 0x01) return { kind: "ok", value: "3des" };
  return algorithm === 0x03 ? { kind: "ok", value: "sm4" } : refuse("algorithm-not-supported");
}

interface IssuerFile {
  readonly cardIdentifier: string;
  readonly regionCode: string;
  readonly category: string;
  readonly version: Bytes;
  readonly organisation: string;
  readonly issueDate: string;
  readonly expiryDate: string;
  readonly cardNumber: string;
}

async function readIssuerFile(channel: CardChannel, limits: Limits): Promise<Checked<IssuerFile>> {
  const answer = await readItems(channel, { file: ISSUER_FILE, tags: ISSUER_TAGS }, limits);
  if (answer.kind !== "ok") return refuse("data-malformed", answer.kind === "refused" ? answer.statusWord : undefined);
  return issuerFileOf(answer.values);
}

function issuerFileOf(values: Readonly<Partial<Record<keyof typeof ISSUER_TAGS, Bytes>>>): Checked<IssuerFile> {
  const empty = new Uint8Array(0);
  const identifier = parseCardIdentifier(values.cardIdentifier ?? empty);
  const cardNumber = parseCardNumber(values.cardNumber ?? empty);
  if (identifier === undefined || cardNumber === undefined) return refuse("data-malformed");
  return {
    kind: "ok",
    value: {
      ...identifier,
      cardNumber,
      category: parseText(values.category ?? empty) ?? "",
      version: values.version ?? empty,
      organisation: toHex(values.organisation ?? empty),
      issueDate: parseDate(values.issueDate ?? empty),
      expiryDate: parseDate(values.expiryDate ?? empty),
    },
  };
}

type CheckedCard = Omit<SocialIdentity, "kind" | "algorithm" | "holder">;

/** Invalid list, organisation, category, version, expiry: in this order. Spec: LD/T 32.7, checks before a transaction. */
function checkValidity(issuer: IssuerFile, options: SocialOptions): Checked<CheckedCard> {
  if (options.isListed?.(issuer) === true) return refuse("on-invalid-list");
  if (options.acceptsOrganisation?.(issuer.organisation) === false) return refuse("organisation-not-accepted");
  if (options.acceptsCategory?.(issuer.category) === false) return refuse("category-not-accepted");
  const version = parseVersion(issuer.version, options.profile.emptyVersion);
  if (!version.ok) return refuse("version-not-accepted");
  if (issuer.issueDate !== "" && options.today < issuer.issueDate) return refuse("not-yet-valid");
  if (issuer.expiryDate !== "" && options.today > issuer.expiryDate) return refuse("expired");
  return { kind: "ok", value: { ...issuer, version: version.version, generation: version.generation } };
}

/** From the third generation on, the holder's file opens only to a terminal that has proved itself. Spec: LD/T 32.5, EF06. */
async function readHolder(
  channel: CardChannel,
  context: AuthenticationContext & { readonly generation: 1 | 2 | 3; readonly key: SocialKey },
  limits: Limits,
): Promise<Checked<Holder>> {
  if (context.generation === 3) {
    const answer = await authenticateTerminal(channel, context, limits);
    if (answer !== "authentic") return refuse("holder-not-readable", answer === "not-authentic" ? undefined : answer.statusWord);
  }
  const answer = await readItems(channel, { file: HOLDER_FILE, tags: HOLDER_TAGS }, limits);
  if (answer.kind === "refused") return refuse("holder-not-readable", answer.statusWord);
  return answer.kind === "malformed" ? refuse("data-malformed") : holderOf(answer.values);
}

function holderOf(items: Readonly<Partial<Record<keyof typeof HOLDER_TAGS, Bytes>>>): Checked<Holder> {
  const empty = new Uint8Array(0);
  const name = nameOf(items.name ?? empty, items.nameExtension ?? empty);
  const socialSecurityNumber = parseText(items.socialSecurityNumber ?? empty);
  if (name === undefined || socialSecurityNumber === undefined || name === "" || socialSecurityNumber === "") return refuse("data-malformed");
  return {
    kind: "ok",
    value: { name, socialSecurityNumber, sex: parseText(items.sex ?? empty) ?? "", birthDate: parseDate(items.birthDate ?? empty) },
  };
}

/** The extension continues the name, perhaps in the middle of a character, so that both are read as one text. */
function nameOf(name: Bytes, extension: Bytes): string | undefined {
  const joined = parseText(concat(name, extension));
  if (joined !== undefined) return joined;
  const first = parseText(name);
  const second = parseText(extension);
  return first === undefined || second === undefined ? undefined : first + second;
}
