/*
 * What our side adds to a contactless sale with electronic cash, SM2 authentication of the card included. The dear step is the verification of
 * the card's certificate and signature, so it is measured by itself too: with our provider, and with the package sm-crypto called as its
 * users call it. Rounds of both take turns, so that a busy machine slows both.
 */
import smCrypto from "sm-crypto";
import { toHex, u32be } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { type AuthenticationMaterial, authenticateCard, CertificateCache, quickTerminalData } from "../../device/card/electronic-cash/authentication.ts";
import { authorityCheck, openAuthorities } from "../../device/card/electronic-cash/authorities.ts";
import { type CashTapPorts, type CashTapRequest, commitCashTap, prepareCashTap } from "../../device/card/electronic-cash/tap.ts";
import type { CashTerminal } from "../../device/card/electronic-cash/types.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { smCryptoSuite } from "../../device/crypto/sm-crypto.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { CardChannel } from "../../device/drivers/ports.ts";
import { pcscdLaneObstacle } from "../../hw-tests/benches/pcscd.ts";
import { makeTestCard } from "../../simulators/card/make.ts";
import { TEST_CERTIFICATION_AUTHORITIES } from "../../simulators/crypto/certificates.ts";
import { SimulatedReader } from "../../simulators/reader/in-process.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";
import { withDesk } from "./tap-desk.ts";
import { nowMs } from "./tap-protocol.ts";

const ROUNDS = 15;
const OURS_PER_ROUND = 40;
const THEIRS_PER_ROUND = 2;
const RATIO_BUDGET = 40;
const TAPS = 200;
const SLOW_TAPS = 20;
const WARM_UP_TAPS = 20;
const LIMITS = { timeoutMs: 2_000, signal: new AbortController().signal };

const TERMINAL: CashTerminal = {
  countryCode: "0156",
  currencyCode: "0156",
  terminalType: "26",
  capabilities: "e0e1c8",
  terminalId: "BENCH001",
  merchantId: "BENCHMERCHANT01",
  merchantCategory: "4111",
  merchantName: "BENCH",
  applicationVersion: "0030",
  online: false,
  signature: false,
  chineseAlgorithms: true,
  signatureVersion: 1,
  limits: {},
  actionCodes: { denial: "0000000000", online: "0000000000", default: "0000000000" },
};

function requestOf(number: number): CashTapRequest {
  const terms = { amount: fen(1), transactionType: "00", date: "20261121", time: "120000", unpredictableNumber: u32be(number), sequence: number };
  return { interface: "contactless", terminal: TERMINAL, terms, isListed: () => false };
}

function portsOf(suite: CipherSuite): CashTapPorts {
  const authorities = TEST_CERTIFICATION_AUTHORITIES.map((each) => ({ ...each, checkHex: toHex(authorityCheck(suite, each)) }));
  return {
    suite,
    authorities: openAuthorities(suite, authorities),
    certificates: new CertificateCache(),
    isRevoked: () => false,
    profile: DEFAULT_CARD_PROFILE,
  };
}

/** The package as its users call it: keys and identity are worked through anew at each call. */
function asItsUsersCallIt(suite: CipherSuite): CipherSuite {
  return {
    ...suite,
    sm2Verify: (key, message, signature) => smCrypto.sm2.doVerifySignature([...message], toHex(signature), `04${toHex(key.point)}`, { hash: true }),
  };
}

/** What one tap leaves to verify, taken from a tap of a simulated card. */
async function materialOfOneTap(suite: CipherSuite): Promise<AuthenticationMaterial> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const reader = new SimulatedReader({ name: "card", interface: "contactless", clock });
  reader.insert(makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", interface: "contactless", electronicCash: { balanceFen: 100_000, algorithms: "sm" } }));
  let last: Uint8Array = new Uint8Array(0);
  const channel = await clock.resolve(reader.waitForCard(LIMITS));
  const watched: CardChannel = {
    atr: channel.atr,
    insertion: channel.insertion,
    transmit: async (command, limits) => {
      last = await channel.transmit(command, limits);
      return last;
    },
    close: () => channel.close(),
  };
  const ports = portsOf(suite);
  const prepared = await clock.resolve(prepareCashTap(watched, { ports, request: requestOf(1) }, LIMITS));
  if (prepared.kind !== "ready") throw new Error(`a tap was not ready: ${prepared.kind}`);
  const outcome = await clock.resolve(commitCashTap(watched, { ports, prepared }, LIMITS));
  if (outcome.kind !== "approved") throw new Error(`a tap ended with ${outcome.kind}: the figure would mean nothing`);
  const { options, records, selected } = prepared.state.facts;
  const at = Buffer.from(last).indexOf(Buffer.from("9f6908", "hex"));
  const data = new Map(records.data).set(0x9f69, last.slice(at + 3, at + 11));
  const terminalData = quickTerminalData(options.sent, data);
  if (terminalData?.version !== 1) throw new Error("the card signs in version 01");
  return {
    applicationId: selected.applicationId,
    interchangeProfile: options.interchangeProfile,
    data,
    signedBytes: records.signedBytes,
    today: "20261121",
    terminalData,
  };
}

/** Microseconds of one authentication of a card that the terminal has not seen, whose issuer it knows. */
function verification(suite: CipherSuite, material: AuthenticationMaterial): (count: number) => number {
  const authorities = portsOf(suite);
  return (count) => {
    let [elapsedMs, sound] = [0, true];
    for (let index = 0; index < count; index += 1) {
      const ports = { ...authorities, certificates: new CertificateCache() };
      const start = performance.now();
      sound = authenticateCard(ports, material).kind === "verified" && sound;
      elapsedMs += performance.now() - start;
    }
    if (!sound) throw new Error("a good card was refused: the figure would mean nothing");
    return (elapsedMs * 1000) / count;
  };
}

async function verifyRow({ scale, say }: BenchContext): Promise<BenchRow> {
  const suite = openCipherSuite();
  const material = await materialOfOneTap(suite);
  const ours = verification(suite, material);
  const theirs = verification(asItsUsersCallIt(suite), material);
  const [oursUs, theirsUs]: [number[], number[]] = [[], []];
  ours(OURS_PER_ROUND);
  theirs(THEIRS_PER_ROUND);
  const rounds = Math.max(3, Math.round(ROUNDS * scale));
  for (let round = 0; round < rounds; round += 1) {
    oursUs.push(ours(OURS_PER_ROUND));
    theirsUs.push(theirs(THEIRS_PER_ROUND));
  }
  say(`electronic cash: ${rounds} rounds of ${OURS_PER_ROUND} and ${THEIRS_PER_ROUND} authentications`);
  const [value, baseline] = [median(oursUs), median(theirsUs)];
  return {
    name: "cash-verify-vs-sm-crypto",
    value: rounded(value),
    unit: "us",
    baseline: rounded(baseline),
    ratio: rounded(baseline / value),
    budget: `ratio >= ${RATIO_BUDGET}`,
    met: baseline / value >= RATIO_BUDGET,
    note: `whole SM2 authentication of a card never seen before: issuer certificate, card certificate, signature (three verifications, nothing cached); provider ${suite.provider}; median of ${rounds} interleaved rounds; baseline sm-crypto in the same place`,
  };
}

interface Shares {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** Milliseconds of whole taps over the PC/SC service, without the simulated card's own time. */
function hostTaps(scale: number): Promise<Shares> {
  return withDesk(async ({ cards, insert, remove }) => {
    let number = 0;
    const tap = async (ports: CashTapPorts): Promise<number> => {
      await insert("cash");
      const channel = await cards.waitForCard(LIMITS);
      const poweredMs = nowMs();
      number += 1;
      const prepared = await prepareCashTap(channel, { ports, request: requestOf(number) }, LIMITS);
      const outcome = prepared.kind === "ready" ? await commitCashTap(channel, { ports, prepared }, LIMITS) : prepared;
      const endedMs = nowMs();
      if (outcome.kind !== "approved") throw new Error(`a tap ended with ${outcome.kind}: the figure would mean nothing`);
      const { busyMs } = await remove();
      return endedMs - poweredMs - busyMs;
    };
    const taps = async (suite: CipherSuite, count: number): Promise<readonly number[]> => {
      const measured: number[] = [];
      // Every tap is that of a card never seen before, of an issuer never seen before.
      for (let index = 0; index < count; index += 1) measured.push(await tap(portsOf(suite)));
      return measured;
    };
    await taps(openCipherSuite(), WARM_UP_TAPS);
    const theirs = await taps(smCryptoSuite(), Math.max(3, Math.round(SLOW_TAPS * scale)));
    return { ours: await taps(openCipherSuite(), Math.max(3, Math.round(TAPS * scale))), theirs };
  });
}

async function hostShareRow({ scale, say }: BenchContext): Promise<BenchRow> {
  const row = { name: "cash-tap-host-share", unit: "ms", budget: null, met: null };
  const obstacle = pcscdLaneObstacle();
  if (obstacle !== undefined) return { ...row, value: null, baseline: null, ratio: null, note: obstacle };
  const { ours, theirs } = await hostTaps(scale);
  say(`electronic cash: ${ours.length} and ${theirs.length} taps through the PC/SC service`);
  const [value, baseline] = [median(ours), median(theirs)];
  return {
    ...row,
    value: rounded(value),
    baseline: rounded(baseline),
    ratio: rounded(baseline / value),
    note: `p50 of ${ours.length} contactless sales, selection to proved signature, nothing cached; p99 ${rounded(percentile(ours, 0.99))} ms; baseline: the same with SM2 by sm-crypto alone; the simulator's own time is taken away`,
  };
}

async function run(context: BenchContext): Promise<readonly BenchRow[]> {
  return [await verifyRow(context), await hostShareRow(context)];
}

export const bench: Bench = { name: "electronic-cash", run };
