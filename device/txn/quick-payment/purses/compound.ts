/* The compound purchase: a debit, or an entry of amount zero, together with a record of the trade. Spec: PBOC purse, compound purchase. */
import { assert } from "../../../base/assert.ts";
import { type Bytes, toHex } from "../../../base/bytes.ts";
import type { PurchaseStart } from "../../../card/purse/commands.ts";
import { type CardRefusal, PURCHASE_TYPE_COMPOSITE, type PurchaseOpening } from "../../../card/purse/types.ts";
import { needsAuthenticationCode, readAuthenticationCode, schemeOf } from "../../../card/transit/card.ts";
import { type CompoundUpdate, initializeCompound, transitPurseOf, updateCompoundCache } from "../../../card/transit/compound.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { Psam } from "../../../drivers/ports.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { PurseProfile } from "../ports.ts";
import type { CardAccess, PurseDialogue, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";
import { identifyPboc, PbocCard, type PbocCardFacts, type PbocPurseParts } from "./pboc-card.ts";
import { PbocSale } from "./pboc-sale.ts";

/** EF15: an account that its issuer has put into use. Spec: JT/T 978, EF15. */
const ENABLED = 0x01;

export interface CompoundParts {
  readonly psam: Psam;
  readonly profile: PurseProfile;
  readonly cardProfile: CardProfile;
}

export function compound({ psam, profile, cardProfile }: CompoundParts): PurseDialogue {
  const applications = cardProfile.transitAidOrder.map((applicationId) => ({ applicationId }));
  const purse = transitPurseOf(cardProfile);
  const parts: PbocPurseParts = { psam, profile: { ...profile, applications }, purse, compoundPurse: purse };
  return {
    confirmation: "psam",
    recalls: false,
    identify: async (access) => {
      const found = await identifyPboc(access, parts);
      if (found.kind !== "ok") return found;
      const tap = new CompoundTap(parts, cardProfile);
      const steps = { prepare: tap.prepare.bind(tap), begin: tap.begin.bind(tap) };
      return { kind: "ok", card: new PbocCard(access, parts, { facts: found.facts, steps }) };
    },
  };
}

/** What one presentation of a card has told for its compound purchases. */
class CompoundTap {
  readonly #parts: PbocPurseParts;
  readonly #cardProfile: CardProfile;
  #authenticationCode: Bytes | undefined;

  constructor(parts: PbocPurseParts, cardProfile: CardProfile) {
    this.#parts = parts;
    this.#cardProfile = cardProfile;
  }

  /** Some cards want a code of theirs in MAC1, which must be read before the purchase is opened. Spec: CJ/T 166, compound purchase. */
  async prepare({ channel, limits }: CardAccess, { applicationId, data }: PbocCardFacts): Promise<Unusable | undefined> {
    if (data.applicationVersion !== ENABLED) return { kind: "unusable", reason: "not-enabled" };
    if (!needsAuthenticationCode(this.#cardProfile, schemeOf(applicationId))) return undefined;
    const answer = await readAuthenticationCode(channel, limits());
    if (answer.kind === "refused") return { kind: "unusable", reason: "card-refused", statusWord: answer.statusWord };
    this.#authenticationCode = answer.code;
    return undefined;
  }

  begin(access: CardAccess, facts: PbocCardFacts, terms: SaleTerms): PurseSale {
    assert(terms.purse.kind === "compound" && "record" in terms.purse, "the sale is for this purse, and says what is written");
    const { record } = terms.purse;
    const { psam, profile, purse } = this.#parts;
    const start: PurchaseStart = { keyIndex: profile.keyIndex, amount: terms.amount, terminalNumber: psam.terminalNumber, purse };
    const kind = {
      psam,
      type: PURCHASE_TYPE_COMPOSITE,
      open: () => openCompound(access, start, record),
      authenticationCode: this.#authenticationCode,
      more: recordMembers(record),
    };
    return new PbocSale(access, kind, { facts, terms });
  }
}

/** The record waits in the card's buffer from the opening on; only the debit writes it. */
async function openCompound({ channel, limits }: CardAccess, start: PurchaseStart, record: CompoundUpdate): Promise<PurchaseOpening | CardRefusal> {
  const opening = await initializeCompound(channel, start, limits());
  if (opening.kind === "refused") return opening;
  const buffered = await updateCompoundCache(channel, record, limits());
  return buffered.kind === "ok" ? opening : buffered;
}

/** What was written, so that the trip can be told from the record alone. Spec: pos/v1, 3. */
function recordMembers({ file, by, record, data }: CompoundUpdate): JsonObject {
  return { industryFile: file, industryRecord: record, industryBy: by, industryData: toHex(data) };
}
