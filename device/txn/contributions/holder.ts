/* Whose bills and benefits: the social security card, genuine and valid, and its holder's PIN where that is asked for. */

import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { verifyPin } from "../../card/social/pin.ts";
import { readSocialIdentity } from "../../card/social/read-identity.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import { CardTrouble } from "../card-trouble.ts";
import { pinRefusal } from "../pin-refusal.ts";
import type { ContributionBounds, ContributionPorts } from "./ports.ts";
import type { ContributionCard } from "./record.ts";

export type HolderReading =
  | { readonly kind: "known"; readonly card: ContributionCard }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "none"; readonly reason?: string };

interface HolderWish {
  readonly withPin: boolean;
  readonly bounds: ContributionBounds;
}

/** Waits for the card within `limits` and reads it; the lane is free again afterwards. Never rejects for what the world does. */
export async function readHolder(ports: ContributionPorts, wish: HolderWish, limits: Limits): Promise<HolderReading> {
  const giveBack = ports.lane.take();
  if (giveBack === undefined) return { kind: "refused", reason: "lane-busy" };
  const trouble = new CardTrouble(ports.reader);
  try {
    const channel = await awaitCard(ports, { deadlineMs: ports.clock.monotonicMs() + limits.timeoutMs, signal: limits.signal, trouble });
    return channel === undefined ? { kind: "none", ...trouble.reason } : await readAndClose(ports, wish, { channel, signal: limits.signal });
  } catch (fault) {
    // The card left, or the reader did: nothing was begun with either.
    if (!isFault(fault)) throw fault;
    trouble.note(fault);
    return { kind: "none", ...trouble.reason };
  } finally {
    giveBack();
  }
}

async function readAndClose(
  ports: ContributionPorts,
  wish: HolderWish,
  { channel, signal }: { readonly channel: CardChannel; readonly signal: AbortSignal },
): Promise<HolderReading> {
  try {
    return await read(ports, wish, { channel, signal });
  } finally {
    // The bank's act takes the card next, by whatever application it finds there.
    await channel.close();
  }
}

async function read(
  { social, randomness, psam, clock, pin, log }: ContributionPorts,
  { withPin, bounds }: HolderWish,
  { channel, signal }: { readonly channel: CardChannel; readonly signal: AbortSignal },
): Promise<HolderReading> {
  const commandLimits = { timeoutMs: bounds.commandTimeoutMs, signal };
  const card = await readSocialIdentity(channel, psam, { ...social, randomness, today: civilTime(clock.wallMs()).date }, commandLimits);
  if (card.kind === "refused") {
    log.info("social-card-refused", { reason: card.reason });
    return { kind: "refused", reason: card.reason };
  }
  if (withPin) {
    const ask = pin === undefined ? undefined : { verifier: pin, limits: { timeoutMs: bounds.pinTimeoutMs, signal } };
    const outcome = await verifyPin(channel, ask, commandLimits);
    if (outcome.kind === "not-allowed") return { kind: "refused", reason: "pin-not-possible" };
    if (outcome.kind !== "verified" && outcome.kind !== "none-set") return { kind: "refused", reason: pinRefusal(outcome).reason };
  }
  const { cardIdentifier, cardNumber, holder } = card;
  return { kind: "known", card: { cardIdentifier, cardNumber, name: holder.name } };
}
