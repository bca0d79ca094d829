/*
 * Cards that are of no use here, refused by name. What the answer to reset tells costs nothing and is asked of every card; names of
 * foreign schemes are asked only of a card that has shown that it has nothing of ours, so that a good card never waits for it.
 */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { wrongByAnswerToReset } from "../../card/applications/answer-to-reset.ts";
import { surveyCard } from "../../card/applications/survey.ts";
import type { ApplicationKind } from "../../card/applications/types.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import type { PurseKind } from "../sale-request.ts";
import type { QuickPaymentPorts } from "./ports.ts";
import type { Unusable } from "./purses/dialogue.ts";

const WANTED: Readonly<Record<PurseKind, ApplicationKind>> = {
  "e-purse": "purse",
  compound: "transit",
  "medical-purse": "social",
  "electronic-cash": "electronic-cash",
};

/** What the answer to reset alone says against a card; undefined for one that may be a card of ours. */
export function unusableAtOnce(channel: CardChannel): Unusable | undefined {
  const reason = wrongByAnswerToReset(channel.atr)?.reason;
  return reason === "storage-card" || reason === "identity-card" ? { kind: "unusable", reason } : undefined;
}

/** A better word for a card without the wanted purse, where its other applications give one; else `found` itself. Never rejects for what the card does. */
export async function namedUnusable(
  channel: CardChannel,
  { found, purse, ports }: { readonly found: Unusable; readonly purse: PurseKind; readonly ports: QuickPaymentPorts },
  limits: () => Limits,
): Promise<Unusable> {
  if (found.reason !== "no-purse") return found;
  const { reader, cardProfile: profile = DEFAULT_CARD_PROFILE } = ports;
  try {
    const options = { wanted: [WANTED[purse]], depth: "first", interface: reader.interface, profile, purseApplications: ports.purse.applications } as const;
    const survey = await surveyCard(channel, options, limits());
    return survey.kind === "refused" && survey.reason === "foreign-card" ? { kind: "unusable", reason: survey.reason } : found;
  } catch (fault) {
    // The card has said enough to be refused; that it left before it was named changes nothing.
    if (!isFault(fault)) throw fault;
    return found;
  }
}
