/*
 * Whether a card may pay treatment by itself, without the insurer: its own two flags say so, how it is used and whether it may leave the line. Both must;
 * a card that has them not, or shows them to nobody here, does not. Spec: LD/T 32.5, data items (8F, 90).
 */
import { CardFiles, type ItemAddress } from "../../../card/social/card-files.ts";
import { parseText } from "../../../card/social/files.ts";
import { tellGeneration } from "../../../card/social/generation.ts";
import { moduleKeys } from "../../../card/social/key-holders.ts";
import { NATIONAL_KEYS } from "../../../card/social/keys.ts";
import type { NamedSocialCard } from "../../../card/social/read-identity.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { SocialPsam } from "../../../drivers/ports.ts";
import type { CardAccess } from "./dialogue.ts";

const CARD_USE: ItemAddress = { directory: "df04", file: 0x05, tag: 0x8f };
const OFFLINE_ALLOWED: ItemAddress = { directory: "df04", file: 0x06, tag: 0x90 };
const USED_OFFLINE = "2";
const ALLOWED = "1";

export interface PermissionParts {
  readonly psam: SocialPsam;
  readonly profile: Pick<CardProfile, "emptyVersion">;
}

/** Asked once the PIN was verified, or none is set; leaves the medical application selected. Faults: those of the channel and of the module. */
export async function mayPayAlone({ channel, limits }: CardAccess, card: NamedSocialCard, { psam, profile }: PermissionParts): Promise<boolean> {
  const told = tellGeneration({ versionItem: card.versionItem }, profile.emptyVersion);
  if (told.kind !== "told") return false;
  const { algorithm, factors } = card;
  const files = new CardFiles(channel, {
    generation: told.generation,
    keys: moduleKeys(psam, { algorithm, factors }, NATIONAL_KEYS),
    keyTable: NATIONAL_KEYS,
    pin: { kind: "satisfied" },
    limits: limits(),
  });
  return (await says(files, CARD_USE, USED_OFFLINE)) && (await says(files, OFFLINE_ALLOWED, ALLOWED));
}

async function says(files: CardFiles, address: ItemAddress, wanted: string): Promise<boolean> {
  const reading = await files.readItem(address);
  return reading.kind === "ok" && parseText(reading.value)?.trim() === wanted;
}
