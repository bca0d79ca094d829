/* The compound purchase: a debit, or an entry of amount zero, together with a record of the trade. Spec: PBOC purse, compound purchase. */
import { assert } from "../../../base/assert.ts";
import { toHex } from "../../../base/bytes.ts";
import type { PurchaseStart } from "../../../card/purse/commands.ts";
import { type CardRefusal, PURCHASE_TYPE_COMPOSITE, type PurchaseOpening } from "../../../card/purse/types.ts";
import { type CompoundUpdate, initializeCompound, updateCompoundCache } from "../../../card/transit/compound.ts";
import type { CardAccess, PurseDialogue } from "./dialogue.ts";
import { type BeginSale, identifyPboc, PbocCard, type PbocPurseParts } from "./pboc-card.ts";
import { PbocSale } from "./pboc-sale.ts";

export function compound(parts: PbocPurseParts): PurseDialogue {
  const { psam, profile, purse } = parts;
  const begin: BeginSale = (access, facts, terms) => {
    assert(terms.purse.kind === "compound", "the sale is for this purse");
    const { record } = terms.purse;
    const start: PurchaseStart = { keyIndex: profile.keyIndex, amount: terms.amount, terminalNumber: psam.terminalNumber, purse };
    return new PbocSale(
      access,
      { psam, type: PURCHASE_TYPE_COMPOSITE, open: () => openCompound(access, start, record), more: recordMembers(record) },
      { facts, terms },
    );
  };
  return {
    confirmation: "psam",
    recalls: false,
    identify: async (access) => {
      const found = await identifyPboc(access, parts);
      return found.kind === "ok" ? { kind: "ok", card: new PbocCard(access, parts, { facts: found.facts, begin }) } : found;
    },
  };
}

/** The record waits in the card's buffer from the opening on; only the debit writes it. */
async function openCompound({ channel, limits }: CardAccess, start: PurchaseStart, record: CompoundUpdate): Promise<PurchaseOpening | CardRefusal> {
  const opening = await initializeCompound(channel, start, limits());
  if (opening.kind === "refused") return opening;
  const buffered = await updateCompoundCache(channel, record, limits());
  return buffered.kind === "ok" ? opening : buffered;
}

/** What was written, so that the trip can be told from the record alone. Spec: pos/v1, 3. */
function recordMembers({ file, by, record, data }: CompoundUpdate) {
  return { industryFile: file, industryRecord: record, industryBy: by, industryData: toHex(data) };
}
