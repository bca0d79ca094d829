/* The e-purse: a plain purchase. Spec: PBOC purse, purchase. */
import { initializePurchase } from "../../../card/purse/commands.ts";
import { PURCHASE_TYPE_PURSE } from "../../../card/purse/types.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { Psam } from "../../../drivers/ports.ts";
import type { PurseProfile } from "../ports.ts";
import type { PurseDialogue } from "./dialogue.ts";
import { identifyPboc, PbocCard, type PbocPurseParts, type PbocSaleSteps } from "./pboc-card.ts";
import { PbocSale } from "./pboc-sale.ts";

export interface EPurseParts {
  readonly psam: Psam;
  readonly profile: PurseProfile;
  readonly cardProfile: CardProfile;
}

export function ePurse({ psam, profile, cardProfile }: EPurseParts): PurseDialogue {
  const parts: PbocPurseParts = { psam, profile, cardProfile, purse: "e-purse" };
  const begin: PbocSaleSteps["begin"] = (access, facts, terms) => {
    const start = { keyIndex: profile.keyIndex, amount: terms.amount, terminalNumber: psam.terminalNumber };
    const open = () => initializePurchase(access.channel, start, access.limits());
    return new PbocSale(access, { psam, type: PURCHASE_TYPE_PURSE, open, more: () => ({}) }, { facts, terms });
  };
  return {
    confirmation: "psam",
    identify: async (access) => {
      const found = await identifyPboc(access, parts);
      return found.kind === "ok" ? { kind: "ok", card: new PbocCard(access, parts, { facts: found.facts, steps: { begin } }) } : found;
    },
  };
}
