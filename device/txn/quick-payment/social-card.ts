/*
 * Goal: a purse pays as a part of the social card that it is on, so that what is said of that card holds for it.
 * Method: a card that shows its number with the purse has said it; any other is asked once, in the social application of the same chip, whose issuer's
 * file is free to read, and is then known by its purse: a known purse costs no command. Spec: LD/T 32.5, EF05.
 */
import { selectByName } from "../../card/dialogue.ts";
import { ISSUER_FILE, ISSUER_TAGS, parseCardIdentifier, parseCardNumber, readItems } from "../../card/social/files.ts";
import { SOCIAL_ENVIRONMENT_NAME } from "../../card/social/read-identity.ts";
import { textMember } from "../journal/members.ts";
import type { SocialCardName } from "../risk/card-links.ts";
import type { SocialCardPorts } from "./ports.ts";
import type { CardAccess, IdentifiedCard, PurseDialogue, Unusable } from "./purses/dialogue.ts";

/** "ask": nobody knows yet, and the chip may be asked. */
type KnownSocialCard = SocialCardName | "none" | "ask";

/** What is known of the card that a purse is on, without a command. */
function knownSocialCard({ name, personal }: IdentifiedCard, ports: SocialCardPorts | undefined): KnownSocialCard {
  const [cardNumber, cardIdentifier] = [textMember(personal, "cardNumber"), textMember(personal, "cardIdentifier")];
  if (cardNumber !== "" && cardIdentifier !== "") return { cardNumber, cardIdentifier };
  if (ports === undefined) return "none";
  return ports.links.of(name) ?? (ports.asks && ports.profile.purseSocialCard === "same-chip" ? "ask" : "none");
}

const NAMES = { cardIdentifier: ISSUER_TAGS.cardIdentifier, cardNumber: ISSUER_TAGS.cardNumber } as const;

/**
 * Asks the chip. Its purse is no longer selected then. Undefined: it did not say it this time; a blocked application may be unblocked, so that nothing is
 * remembered of it. Faults: those of the channel.
 */
async function askSocialCard({ channel, limits }: CardAccess): Promise<SocialCardName | "none" | undefined> {
  const selected = await selectByName(channel, SOCIAL_ENVIRONMENT_NAME, limits());
  if (selected.kind === "not-found") return "none";
  if (selected.kind !== "ok") return undefined;
  const read = await readItems(channel, { file: ISSUER_FILE, tags: NAMES }, limits());
  if (read.kind !== "ok") return undefined;
  const empty = new Uint8Array(0);
  const identifier = parseCardIdentifier(read.values.cardIdentifier ?? empty);
  const cardNumber = parseCardNumber(read.values.cardNumber ?? empty);
  return identifier === undefined || cardNumber === undefined ? undefined : { cardNumber, cardIdentifier: identifier.cardIdentifier };
}

export type Whose = { readonly kind: "told"; readonly card: IdentifiedCard; readonly social: SocialCardName | undefined } | Unusable;

/**
 * Which social card the purse is on, undefined where nobody knows; and the purse itself, which is named anew where its chip was asked, because it is no
 * longer selected then. Faults: those of the channel.
 */
export async function tellWhose(
  access: CardAccess,
  purse: { readonly dialogue: PurseDialogue; readonly card: IdentifiedCard; readonly ports: SocialCardPorts | undefined },
): Promise<Whose> {
  const { dialogue, card, ports } = purse;
  const known = knownSocialCard(card, ports);
  if (known !== "ask") return { kind: "told", card, social: known === "none" ? undefined : known };
  const told = await askSocialCard(access);
  // Nothing of before is open any more that a card could repeat an answer for.
  const again = await dialogue.identify(access, []);
  if (again.kind === "unusable") return again;
  if (again.card.name !== card.name) return { kind: "unusable", reason: "another-card" };
  if (told !== undefined) void ports?.links.learn(card.name, told);
  return { kind: "told", card: again.card, social: told === "none" ? undefined : told };
}
