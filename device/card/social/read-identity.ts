/* Who is this card, is it genuine and valid, and who holds it: the checks before any transaction, in the order of the specification. */
import { type Bytes, concat, toHex } from "../../base/bytes.ts";
import type { Limits, Randomness } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel, Psam } from "../../drivers/ports.ts";
import { selectByName } from "../dialogue.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";
import {
  type AuthenticationContext,
  authenticateCard,
  authenticateTerminal,
  HOLDER_READ_KEY,
  INTERNAL_AUTHENTICATION_KEY,
  type SocialKey,
} from "./authentication.ts";
import { DIRECTORY_NAMES } from "./file-table.ts";
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
  readItems,
} from "./files.ts";
import { type Generation, type GenerationEvidence, tellAlgorithm, tellGeneration } from "./generation.ts";
import { type HistoricalAnswer, readHistorical, socialFactors } from "./historical.ts";
import type { Holder, SocialIdentity, SocialIdentityResult, SocialRefusal, SocialRefused } from "./types.ts";

export { CARD_PIN_TEMPLATE, queryPinState } from "./pin.ts";

/** Name of the social application's top directory, "sx1.sh.社会保障" in GBK. Spec: LD/T 32.5, SSSE. */
export const SOCIAL_ENVIRONMENT_NAME: Bytes = DIRECTORY_NAMES.ssse;

export interface SocialOptions {
  readonly profile: Pick<
    CardProfile,
    | "acse"
    | "algWhenTagAbsent"
    | "algorithmByRegion"
    | "cityFactorTemplate"
    | "contactlessActivation"
    | "contactlessHistorical"
    | "contactlessType"
    | "emptyVersion"
  >;
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

export type Checked<Value> = { readonly kind: "ok"; readonly value: Value } | SocialRefused;

function refuse(reason: SocialRefusal, statusWord?: number): SocialRefused {
  return statusWord === undefined ? { kind: "refused", reason } : { kind: "refused", reason, statusWord };
}

/** A card by what it says of itself: nothing of it has been proved, and nothing has been checked. */
export interface NamedSocialCard extends IssuerFile {
  readonly kind: "ok";
  readonly algorithm: CardAlgorithm;
  /** Tag 86, where the card has it. */
  readonly algorithmTag: number | undefined;
  readonly byRadio: boolean;
  /** 8 bytes each: card, city, province. */
  readonly factors: readonly Bytes[];
}

/**
 * Selects the social application and reads which card this is and with what its keys are made. Needs no module. Faults: those of the card's
 * channel. `limits` bound each command.
 */
export async function nameSocialCard(
  channel: CardChannel,
  { profile }: Pick<SocialOptions, "profile">,
  limits: Limits,
): Promise<NamedSocialCard | SocialRefused> {
  const selected = await selectSocial(channel, limits);
  if (selected.kind === "refused") return selected;
  const algorithmTag = selected.value;
  const shown = historicalOf(readHistorical(channel.atr, profile));
  if (shown.kind === "refused") return shown;
  const issuer = await readIssuerFile(channel, limits);
  if (issuer.kind === "refused") return issuer;
  const byRadio = shown.value.radio !== "contact";
  const { regionCode, category } = issuer.value;
  // A card that is not activated does nothing by radio but say who it is, so that this is asked before its proof.
  if (byRadio && profile.contactlessActivation === "fileFlag" && category.charAt(1) !== "1") return refuse("contactless-not-activated");
  const told = tellAlgorithm(algorithmTag, regionCode, profile);
  if (told.kind !== "ok") return { ...refuse("algorithm-not-supported"), algorithm: told.algorithm };
  const factors = socialFactors(shown.value.historical.cardFactor, regionCode, profile.cityFactorTemplate);
  return { kind: "ok", ...issuer.value, algorithm: told.algorithm, algorithmTag, byRadio, factors };
}

/**
 * Selects the social application, has the card prove itself, reads who it is and who holds it, and checks that it may be used today.
 * Faults: those of the card's and the module's channel, "key-missing". `limits` bound each command.
 */
export async function readSocialIdentity(channel: CardChannel, psam: Psam, options: SocialOptions, limits: Limits): Promise<SocialIdentityResult> {
  const named = await nameSocialCard(channel, options, limits);
  if (named.kind === "refused") return named;
  const { algorithm, factors } = named;
  const context = { psam, algorithm, factors };
  const genuine = await authenticateCard(
    channel,
    { ...context, randomness: options.randomness, key: options.internalKey ?? INTERNAL_AUTHENTICATION_KEY },
    limits,
  );
  if (genuine !== "authentic") return refuse("not-genuine", genuine === "not-authentic" ? undefined : genuine.statusWord);
  const card = checkValidity(named, options);
  if (card.kind === "refused") return card;
  const read = await readHolder(channel, { ...context, generation: card.value.generation, key: options.holderKey ?? HOLDER_READ_KEY }, limits);
  if (read.kind === "refused") return read;
  const { holder, holderFileLocked } = read.value;
  // What the holder's file has shown counts like everything else that the card shows of itself.
  const seen = holderFileLocked ? checkGeneration({ ...named, holderFileLocked }, options) : card;
  return seen.kind === "refused" ? seen : { kind: "ok", ...card.value, ...seen.value, algorithm, factors, holder };
}

/** The algorithm tag of the selected application; undefined where the card shows none. */
async function selectSocial(channel: CardChannel, limits: Limits): Promise<Checked<number | undefined>> {
  const answer = await selectByName(channel, SOCIAL_ENVIRONMENT_NAME, limits);
  switch (answer.kind) {
    case "not-found":
      return refuse("not-a-social-card");
    case "blocked":
      return refuse("card-blocked");
    case "refused":
      return refuse("not-a-social-card", answer.statusWord);
    case "ok":
      return { kind: "ok", value: parseAlgorithm(answer.fci) };
  }
}

type Shown = Extract<HistoricalAnswer, { kind: "ok" }>;

function historicalOf(answer: HistoricalAnswer): Checked<Shown> {
  switch (answer.kind) {
    case "ok":
      return { kind: "ok", value: answer };
    case "malformed":
      return refuse("data-malformed");
    case "contacts-needed":
    case "radio-type-not-accepted":
      return refuse(answer.kind);
  }
}

/** EF05 as meaning. Spec: LD/T 32.5, EF05. */
export interface IssuerFile {
  readonly cardIdentifier: string;
  readonly regionCode: string;
  readonly category: string;
  /** EF05 tag 03 as it stands on the card. */
  readonly versionItem: Bytes;
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
      versionItem: values.version ?? empty,
      organisation: toHex(values.organisation ?? empty),
      issueDate: parseDate(values.issueDate ?? empty),
      expiryDate: parseDate(values.expiryDate ?? empty),
    },
  };
}

type CheckedCard = Omit<SocialIdentity, "kind" | "algorithm" | "factors" | "holder">;

/** Invalid list, organisation, category, version, expiry: in this order. Spec: LD/T 32.7, checks before a transaction. */
export function checkValidity(card: NamedSocialCard, options: SocialOptions): Checked<CheckedCard> {
  if (options.isListed?.(card) === true) return refuse("on-invalid-list");
  if (options.acceptsOrganisation?.(card.organisation) === false) return refuse("organisation-not-accepted");
  if (options.acceptsCategory?.(card.category) === false) return refuse("category-not-accepted");
  const told = checkGeneration(card, options);
  if (told.kind === "refused" && told.reason === "version-not-accepted") return told;
  if (card.issueDate !== "" && options.today < card.issueDate) return refuse("not-yet-valid");
  if (card.expiryDate !== "" && options.today > card.expiryDate) return refuse("expired");
  if (told.kind === "refused") return told;
  const { cardIdentifier, cardNumber, regionCode, category, organisation, issueDate, expiryDate } = card;
  return { kind: "ok", value: { cardIdentifier, cardNumber, regionCode, category, organisation, issueDate, expiryDate, ...told.value } };
}

function checkGeneration(evidence: GenerationEvidence, { profile }: Pick<SocialOptions, "profile">): Checked<Pick<CheckedCard, "version" | "generation">> {
  const told = tellGeneration(evidence, profile.emptyVersion);
  if (told.kind !== "told") return refuse("version-not-accepted");
  const { version, generation } = told;
  // Deviation: the certificate application is known by its name alone, so a region that relies on it is not served by half of the proof. Spec: LD/T 6001.
  if (profile.acse === "on" && generation === 3) return refuse("certificate-application-not-supported");
  return { kind: "ok", value: { version, generation } };
}

interface ReadHolder {
  readonly holder: Holder;
  /** The file wanted the terminal's proof, as it does from the third generation on. */
  readonly holderFileLocked: boolean;
}

const SECURITY_NOT_SATISFIED = 0x6982;

/**
 * From the third generation on, the holder's file opens only to a terminal that has proved itself. A card that calls itself an older one, or
 * nothing, and keeps the file shut all the same, is given the proof too. Spec: LD/T 32.5, EF06.
 */
async function readHolder(
  channel: CardChannel,
  context: AuthenticationContext & { readonly generation: Generation; readonly key: SocialKey },
  limits: Limits,
): Promise<Checked<ReadHolder>> {
  const file = { file: HOLDER_FILE, tags: HOLDER_TAGS };
  const free = context.generation === 3 ? undefined : await readItems(channel, file, limits);
  const holderFileLocked = free === undefined || (free.kind === "refused" && free.statusWord === SECURITY_NOT_SATISFIED);
  if (holderFileLocked) {
    const proof = await authenticateTerminal(channel, context, limits);
    if (proof !== "authentic") return refuse("holder-not-readable", proof.statusWord);
  }
  const answer = free === undefined || holderFileLocked ? await readItems(channel, file, limits) : free;
  if (answer.kind === "refused") return refuse("holder-not-readable", answer.statusWord);
  const holder = answer.kind === "malformed" ? refuse("data-malformed") : holderOf(answer.values);
  return holder.kind === "refused" ? holder : { kind: "ok", value: { holder: holder.value, holderFileLocked } };
}

/** The holder by the items of the file. */
export function holderOf(items: Readonly<Partial<Record<keyof typeof HOLDER_TAGS, Bytes>>>): Checked<Holder> {
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
