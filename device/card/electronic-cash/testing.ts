/* Benches for the tests of this folder: a simulated card with a bank application, and a terminal that trusts the test authorities. */

import type { ElectronicCashOptions } from "../../../simulators/card/electronic-cash/make.ts";
import type { TearPoint } from "../../../simulators/card/state.ts";
import { checkTestCryptogram } from "../../../simulators/crypto/bank.ts";
import { TEST_CERTIFICATION_AUTHORITIES } from "../../../simulators/crypto/certificates.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { parseIssuerApplicationData } from "../../codec/issuer-application-data.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { cardBench, LIMITS, SUITE } from "../testing.ts";
import { CertificateCache } from "./authentication.ts";
import { authorityCheck, openAuthorities } from "./authorities.ts";
import { CASH_RULES, decideCash } from "./machine.ts";
import type { CashEvent, CashOutcome, CashSale, CashState } from "./machine-types.ts";
import type { CashFacts } from "./record.ts";
import { type CashTapPorts, type CashTapRequest, commitCashTap, type PreparedCashTap, prepareCashTap } from "./tap.ts";
import type { CardRecords, CashIntent, CashInterface, CashTerminal, CashTerms, CryptogramRecord, ProcessingOptions, SelectedCash } from "./types.ts";

export const TEST_TERMINAL: CashTerminal = {
  countryCode: "0156",
  currencyCode: "0156",
  terminalType: "26",
  capabilities: "e0e1c8",
  terminalId: "TEST0001",
  merchantId: "TESTMERCHANT001",
  merchantCategory: "4111",
  merchantName: "TEST GATE",
  applicationVersion: "0030",
  online: false,
  signature: false,
  chineseAlgorithms: true,
  signatureVersion: 1,
  limits: {},
  actionCodes: { denial: "0000000000", online: "0000000000", default: "0000000000" },
};

export const TEST_TERMS: CashTerms = {
  amount: fen(1_250),
  transactionType: "00",
  date: "20261121",
  time: "120000",
  unpredictableNumber: fromHex("a1b2c3d4"),
  sequence: 1,
};

export function testAuthorities() {
  return openAuthorities(
    SUITE,
    TEST_CERTIFICATION_AUTHORITIES.map((authority) => ({ ...authority, checkHex: toHex(authorityCheck(SUITE, authority)) })),
  );
}

export function testPorts(ports: Partial<CashTapPorts> = {}): CashTapPorts {
  return {
    suite: SUITE,
    authorities: testAuthorities(),
    certificates: new CertificateCache(),
    isRevoked: () => false,
    profile: DEFAULT_CARD_PROFILE,
    ...ports,
  };
}

export interface CashBenchOptions {
  readonly cash?: Partial<ElectronicCashOptions>;
  readonly interface?: CashInterface;
  readonly profile?: Partial<CardProfile>;
  readonly ports?: Partial<CashTapPorts>;
  readonly terminal?: Partial<CashTerminal>;
}

/** What one tap has that others have not. */
export type CashChange = Partial<Omit<CashTapRequest, "terms" | "terminal">> & {
  readonly terms?: Partial<CashTerms>;
  readonly terminal?: Partial<CashTerminal>;
};

/** A card on a reader, and taps of it. */
export function cashBench(options: CashBenchOptions = {}) {
  const cardInterface = options.interface ?? "contactless";
  const bench = cardBench({
    card: { interface: cardInterface, electronicCash: { balanceFen: 10_000, ...options.cash } },
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  });
  const ports = testPorts({ profile: bench.profile, ...options.ports });
  const request = (change: CashChange = {}): CashTapRequest => ({
    interface: cardInterface,
    isListed: () => false,
    ...change,
    terminal: { ...TEST_TERMINAL, ...options.terminal, ...change.terminal },
    terms: { ...TEST_TERMS, ...change.terms },
  });
  const prepare = (channel: CardChannel, change?: CashChange): Promise<PreparedCashTap | CashOutcome> =>
    bench.run(prepareCashTap(channel, { ports, request: request(change) }, LIMITS));
  const commit = (channel: CardChannel, prepared: PreparedCashTap): Promise<CashOutcome> => bench.run(commitCashTap(channel, { ports, prepared }, LIMITS));
  /** The whole tap of a card that is powered anew, without a pause. */
  const tap = async (change?: CashChange): Promise<CashOutcome> => {
    const channel = await returned();
    const prepared = await prepare(channel, change);
    return prepared.kind === "ready" ? commit(channel, prepared) : prepared;
  };
  /** The card that was torn from the field comes back. */
  const returned = (): Promise<CardChannel> => {
    bench.cardReader.remove();
    bench.cardReader.insert(bench.card);
    return bench.channel();
  };
  /** Tears the next command of the card, whatever it is. */
  const tearNext = (at: TearPoint): void => {
    const transmit = bench.card.transmit.bind(bench.card);
    bench.card.transmit = (command: Bytes) => {
      bench.card.transmit = transmit;
      bench.card.tear(command, at);
      return new Uint8Array(0);
    };
  };
  return { ...bench, returned, tearNext, ports, request, prepare, commit, tap, cashMemory: () => bench.card.toSnapshot().memory.electronicCash };
}

/** The host's verdict on a recorded cryptogram, by the published test keys. */
export function genuine(record: CryptogramRecord, profile: CardProfile): string {
  return checkTestCryptogram(
    { suite: SUITE, profile },
    {
      pan: record.accountNumber,
      panSequence: record.accountSequence ?? "",
      amountFen: record.amount,
      counter: record.atc,
      unpredictableNumber: fromHex(record.unpredictableNumber),
      issuerData: fromHex(record.issuerData),
      cryptogram: fromHex(record.cryptogram ?? ""),
      further: {
        date: fromHex(record.date),
        interchangeProfile: fromHex(record.interchangeProfile),
        verificationResults: fromHex(record.verificationSent),
        country: fromHex(record.countryCode),
        currency: fromHex(record.currencyCode),
        type: fromHex(record.transactionType),
      },
    },
  );
}

/* What the tests of the machine have in common: one state and one event of each kind. */

export const SALE: CashSale = { interface: "contactless", terminal: TEST_TERMINAL, terms: TEST_TERMS, isListed: () => false };
export const CONTACT: CashSale = { ...SALE, interface: "contact" };
export const SELECTED: SelectedCash = {
  kind: "ok",
  applicationId: "a000000333010106",
  interface: "contactless",
  dataWanted: [{ tag: 0x9f66, length: 4 }],
  fci: new Uint8Array(0),
};
export const DATA = new Map([
  [0x5a, fromHex("6299990000000001")],
  [0x5f24, fromHex("401231")],
]);
export const RECORDS: CardRecords = { data: DATA, signedBytes: new Uint8Array(0) };

export function issuerData(results: string) {
  const parsed = parseIssuerApplicationData(fromHex(`07010103${results}01`));
  if (parsed === undefined) throw new Error("issuer data of our own");
  return parsed;
}

export function options(change: Partial<ProcessingOptions> = {}): ProcessingOptions {
  return {
    kind: "ok",
    path: "quick",
    decision: "TC",
    interchangeProfile: fromHex("2000"),
    records: [
      { sfi: 1, number: 1, signed: false },
      { sfi: 5, number: 1, signed: false },
    ],
    atc: 7,
    cryptogram: fromHex("0102030405060708"),
    issuerData: issuerData("900000"),
    data: new Map(),
    sent: new Map(),
    ...change,
  };
}

export function facts(change: Partial<CashFacts> = {}): CashFacts {
  return {
    terminal: TEST_TERMINAL,
    terms: TEST_TERMS,
    selected: SELECTED,
    baseline: { balance: fen(10_000) },
    options: options(),
    records: RECORDS,
    results: [],
    status: [],
    ...change,
  };
}

export const INTENT: CashIntent = {
  applicationId: "a000000333010106",
  interface: "contactless",
  accountNumber: "6299990000000001",
  atc: 7,
  amount: TEST_TERMS.amount,
  movesBalance: true,
  date: "20261121",
  time: "120000",
  unpredictableNumber: "a1b2c3d4",
};
export const VERIFIED = { kind: "verified", method: "dynamic", algorithm: "sm" } as const;
export const KNOWN = { facts: facts(), holder: "none" } as const;
export const GENERATED = { kind: "ok", decision: "TC", atc: 7, cryptogram: fromHex("0102030405060708"), issuerData: issuerData("900000") } as const;

export const STATES: { readonly [At in CashState["at"]]: Extract<CashState, { readonly at: At }> } = {
  selecting: { at: "selecting" },
  "reading-baseline": { at: "reading-baseline", selected: SELECTED },
  processing: { at: "processing", selected: SELECTED, baseline: {} },
  caching: { at: "caching", ...KNOWN },
  reading: { at: "reading", ...KNOWN },
  authenticating: { at: "authenticating", ...KNOWN },
  counting: { at: "counting", ...KNOWN, authentication: VERIFIED },
  ready: { at: "ready", ...KNOWN, intent: INTENT },
  committing: { at: "committing", ...KNOWN, intent: INTENT, authentication: VERIFIED },
  checking: { at: "checking", ...KNOWN },
  closing: { at: "closing", ...KNOWN, reason: "expired", details: [] },
  explaining: { at: "explaining", ...KNOWN, details: [] },
  ended: { at: "ended", outcome: { kind: "refused", reason: "expired" } },
};

export const EVENTS: { readonly [Is in CashEvent["is"]]: Extract<CashEvent, { readonly is: Is }> } = {
  selected: { is: "selected", answer: SELECTED },
  "baseline-read": { is: "baseline-read", baseline: {} },
  "options-answered": { is: "options-answered", answer: options() },
  "industry-cached": { is: "industry-cached", answer: { kind: "ok" } },
  "records-read": { is: "records-read", answer: { kind: "ok", ...RECORDS } },
  "counters-read": { is: "counters-read", counters: { atc: 7 } },
  authenticated: { is: "authenticated", result: VERIFIED },
  permitted: { is: "permitted" },
  "given-up": { is: "given-up", reason: "declined-by-terminal" },
  "record-committed": { is: "record-committed", answer: { kind: "ok", ...RECORDS } },
  "cryptogram-made": { is: "cryptogram-made", answer: GENERATED, sent: new Map() },
  "card-lost": { is: "card-lost", code: "card-removed", effectUnknown: true },
};

export function outcomeOf(state: CashState): unknown {
  return state.at === "ended" ? state.outcome : state.at;
}

export function decided<Is extends CashEvent["is"]>(
  at: CashState["at"],
  event: Extract<CashEvent, { readonly is: Is }>,
  more: { readonly sale?: CashSale; readonly state?: object } = {},
) {
  // The state's own members are replaced by others of the same kind.
  return decideCash(CASH_RULES, more.sale ?? SALE, { ...STATES[at], ...more.state } as CashState, event);
}
