/* What all places of a terminal know of cards: how a bank card is verified, and what is asked about a PIN. */
import type { Log } from "./base/log.ts";
import type { Clock, Randomness } from "./base/ports.ts";
import { CertificateCache } from "./card/electronic-cash/authentication.ts";
import { type AuthoritySet, openAuthorities } from "./card/electronic-cash/authorities.ts";
import { KnownCashCards } from "./card/electronic-cash/known-cards.ts";
import type { InitialPinEvidence, InitialPinPolicy } from "./card/social/initial-pin.ts";
import type { CardProfile } from "./codec/card-profile.ts";
import type { ElectronicCashSettings } from "./config/electronic-cash.ts";
import type { CipherSuite } from "./crypto/face.ts";
import type { AcquirerProfile } from "./txn/acquiring/profile.ts";
import { DEFAULT_INITIAL_PIN_RULE, type InitialPinRule } from "./txn/initial-pin.ts";
import { OpenSales } from "./txn/quick-payment/open-sales.ts";
import type { ElectronicCashPorts } from "./txn/quick-payment/ports.ts";

interface CashParts {
  readonly settings: {
    readonly electronicCash?: ElectronicCashSettings;
    readonly cardProfile: CardProfile;
    readonly bank?: { readonly profile: Pick<AcquirerProfile, "electronicCashRoute"> };
  };
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

/** Keys, verified certificates and known cards outlive the sales, so that a known card costs little. Undefined: not offered here. */
export function electronicCashPorts(
  { settings, suite, clock, randomness, log }: CashParts,
  downloaded?: Pick<AuthoritySet, "find">,
): ElectronicCashPorts | undefined {
  const { electronicCash, cardProfile: profile } = settings;
  if (electronicCash === undefined) return undefined;
  const authorities = openAuthorities(suite, electronicCash.authorities);
  for (const { rid, index, why } of authorities.rejected) log.warn("authority-rejected", { rid, index, why });
  const { terminal, recordKey } = electronicCash;
  const kept = { certificates: new CertificateCache(), knownCards: new KnownCashCards(), openSales: new OpenSales("electronic-cash") };
  const known: AuthoritySet = { rejected: authorities.rejected, find: (which) => authorities.find(which) ?? downloaded?.find(which) };
  const clearing = settings.bank?.profile.electronicCashRoute === "acquirer" ? ({ clearing: "acquirer" } as const) : {};
  return {
    suite,
    clock,
    randomness,
    profile,
    terminal,
    authorities: known,
    ...kept,
    isRevoked: () => false,
    ...clearing,
    ...(recordKey === undefined ? {} : { recordKey }),
  };
}

export function initialPinRule({
  settings,
  initialPinEvidence: evidence,
}: {
  readonly settings: { readonly initialPinPolicy?: InitialPinPolicy };
  readonly initialPinEvidence?: (cardIdentifier: string) => InitialPinEvidence;
}): InitialPinRule {
  return { policy: settings.initialPinPolicy ?? DEFAULT_INITIAL_PIN_RULE.policy, ...(evidence === undefined ? {} : { evidence }) };
}
