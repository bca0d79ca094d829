/* What a test terminal needs to take every purse: published test authorities for electronic cash, and a made-up merchant. */

import { toHex } from "../../device/base/bytes.ts";
import type { Clock, Randomness } from "../../device/base/ports.ts";
import { CertificateCache } from "../../device/card/electronic-cash/authentication.ts";
import { authorityCheck, type CertificationAuthority, openAuthorities } from "../../device/card/electronic-cash/authorities.ts";
import type { CashTerminal } from "../../device/card/electronic-cash/types.ts";
import { StaticTransitCache } from "../../device/card/transit/static-cache.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { PinVerifier, SocialPsam } from "../../device/drivers/ports.ts";
import type { ElectronicCashPorts, QuickPaymentPorts } from "../../device/txn/quick-payment/ports.ts";
import { TEST_CERTIFICATION_AUTHORITIES } from "../crypto/certificates.ts";

/** City of test cards and test places. */
export const TEST_CITY = "9901";
/** Transit cards whose static files a test terminal remembers. */
const TRANSIT_CARDS = 1_000;

/** An unattended offline terminal in China; the merchant does not exist. */
export const TEST_CASH_TERMINAL: CashTerminal = {
  countryCode: "0156",
  currencyCode: "0156",
  terminalType: "25",
  capabilities: "e008c8",
  terminalId: "T0000001",
  merchantId: "990100000000001",
  merchantCategory: "5912",
  merchantName: "TEST",
  applicationVersion: "0030",
  online: false,
  signature: false,
  chineseAlgorithms: true,
  signatureVersion: 1,
  limits: {},
  actionCodes: { denial: "0000000000", online: "0000000000", default: "0000000000" },
};

/** The authorities whose test cards a test terminal believes. */
export function testAuthorities(suite: CipherSuite): readonly CertificationAuthority[] {
  return TEST_CERTIFICATION_AUTHORITIES.map((authority) => ({ ...authority, checkHex: toHex(authorityCheck(suite, authority)) }));
}

export interface TestPurseParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly profile: CardProfile;
  readonly psam: SocialPsam;
  readonly pin?: { readonly verifier: PinVerifier; readonly timeoutMs: number };
}

/** Ports of the purses that need more than card and module. */
export function testPursePorts(parts: TestPurseParts): Pick<QuickPaymentPorts, "cardProfile" | "medicalPurse" | "electronicCash" | "transit"> {
  const { suite, clock, randomness, profile, psam, pin } = parts;
  const electronicCash: ElectronicCashPorts = {
    suite,
    clock,
    randomness,
    profile,
    terminal: TEST_CASH_TERMINAL,
    authorities: openAuthorities(suite, testAuthorities(suite)),
    certificates: new CertificateCache(),
    isRevoked: () => false,
  };
  return {
    cardProfile: profile,
    electronicCash,
    transit: { city: TEST_CITY, cache: new StaticTransitCache(TRANSIT_CARDS) },
    medicalPurse: { psam, randomness, keyIndex: 1, alone: "card-flags", ...(pin === undefined ? {} : { pin }) },
  };
}
