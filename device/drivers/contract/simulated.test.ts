/* The contract suites over the simulated devices, under virtual time. */

import { makeTestCard } from "../../../simulators/card/make.ts";
import { TEST_PIN_KEY_HEX } from "../../../simulators/crypto/test-keys.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { clearPinBlock, SimulatedPinPad } from "../../../simulators/pinpad/pin-pad.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../../simulators/reader/in-process.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { selectByName } from "../../card/dialogue.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, initializePurchase, purseFactors, readPublicData, selectPurse } from "../../card/purse/commands.ts";
import { CARD_PIN_TEMPLATE, SOCIAL_ENVIRONMENT_NAME } from "../../card/social/read-identity.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { type CardBench, type HolderPlan, limits, type PinPadBench, type PinVerifierBench, type PsamBench } from "./bench.ts";
import { cardChannelContract } from "./card-channel-contract.ts";
import { cardReaderContract } from "./card-reader-contract.ts";
import { pinPadContract } from "./pin-pad-contract.ts";
import { pinVerifierContract } from "./pin-verifier-contract.ts";
import { psamContract } from "./psam-contract.ts";

const SUITE = openCipherSuite();
const PIN = "123456";
const SELECT_ENVIRONMENT = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");

function world() {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const run = <Value>(work: Promise<Value>): Promise<Value> => clock.resolve(work);
  return { clock, run };
}

async function cardBench(): Promise<CardBench> {
  const { clock, run } = world();
  const reader = new SimulatedReader({ name: "simulated", interface: "contactless", clock });
  const card = makeTestCard(SUITE, { balanceFen: 10_000, algorithm: "sm4" });
  const fateOfNext = (kind: "tear" | "hang") => {
    let used = false;
    reader.setFate(() => {
      if (used) return { kind: "ok" };
      used = true;
      return { kind, at: "before" };
    });
  };
  return {
    reader,
    run,
    harmlessCommand: SELECT_ENVIRONMENT,
    insert: async () => reader.insert(card),
    remove: async () => void reader.remove(),
    hangNextCommand: async () => fateOfNext("hang"),
    tearNextCommand: async () => fateOfNext("tear"),
    insertMute: async () => {
      card.setFaults({ mute: true });
      reader.insert(card);
    },
    loseReader: async () => reader.loseReader(),
    restoreReader: async () => reader.restoreReader(),
    close: async () => undefined,
  };
}

async function psamBench(): Promise<PsamBench> {
  const { clock, run } = world();
  const reader = makeSamReader(makeTestPsam(SUITE), { name: "module", clock });
  const cards = new SimulatedReader({ name: "card", interface: "contactless", clock });
  cards.insert(makeTestCard(SUITE, { balanceFen: 10_000, algorithm: "sm4" }));
  const psam = await run(openPsam(reader, { clock, profile: DEFAULT_CARD_PROFILE }, limits(3_000)));
  const channel = await run(cards.waitForCard(limits(1_000)));
  const amount = fen(450);
  const date = fromHex("20261121");
  const time = fromHex("120000");
  const opening = await run(
    (async () => {
      await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, limits(1_000));
      const purse = await readPublicData(channel, limits(1_000));
      const answer = await initializePurchase(channel, { keyIndex: 1, amount, terminalNumber: psam.terminalNumber }, limits(1_000));
      if (purse.kind !== "ok" || answer.kind !== "ok") throw new Error("the test card opens a purchase");
      return { ...answer, factors: purseFactors(purse) };
    })(),
  );
  return {
    psam,
    run,
    purchase: { ...opening, amount, type: 0x06, date, time },
    cardMac2: async ({ terminalSequence, mac1 }) => {
      const answer = await debitPurchase(channel, { terminalSequence, date, time, mac1 }, limits(1_000));
      return answer.kind === "ok" ? answer.mac2 : new Uint8Array(4);
    },
    resetModule: async () => reader.cutPower(),
    close: async () => undefined,
  };
}

function holder(acts: readonly HolderPlan[]): ScriptedHolder {
  const act = {
    right: { kind: "enters", digits: PIN },
    wrong: { kind: "enters", digits: "654321" },
    cancel: { kind: "cancels" },
    nothing: { kind: "walks-away" },
  } as const;
  return new ScriptedHolder(acts.map((name) => act[name]));
}

async function pinVerifierBench(): Promise<PinVerifierBench> {
  const { clock, run } = world();
  const reader = new SimulatedReader({ name: "card", interface: "contact", clock });
  reader.insert(makeTestCard(SUITE, { balanceFen: 0, algorithm: "sm4", pin: PIN }));
  let verifier = new SimulatedPinVerifier({ clock, holder: holder([]) });
  return {
    run,
    template: CARD_PIN_TEMPLATE,
    entryLimits: limits(40_000),
    verifier: { verifyOnCard: (channel, template, bounds) => verifier.verifyOnCard(channel, template, bounds) },
    plan: (acts) => {
      verifier = new SimulatedPinVerifier({ clock, holder: holder(acts) });
    },
    channel: async () => {
      const channel = await reader.waitForCard(limits(1_000));
      await selectByName(channel, SOCIAL_ENVIRONMENT_NAME, limits(1_000));
      return channel;
    },
    removeCard: async () => void reader.remove(),
    close: async () => undefined,
  };
}

async function pinPadBench(algorithm: "3des" | "sm4"): Promise<PinPadBench> {
  const { clock, run } = world();
  let unplugged = false;
  let pad = new SimulatedPinPad({ clock, suite: SUITE, algorithm, holder: holder([]) });
  const key = SUITE.secretKey(fromHex(TEST_PIN_KEY_HEX));
  const decrypt = (block: Bytes) => (algorithm === "sm4" ? SUITE.sm4Decrypt(key, block) : SUITE.tdesDecrypt(key, block));
  return {
    run,
    entryLimits: limits(60_000),
    pad: { requestPinBlock: (request, bounds) => pad.requestPinBlock(request, bounds), close: () => pad.close() },
    plan: (acts) => {
      const was = pad;
      pad = new SimulatedPinPad({ clock, suite: SUITE, algorithm, holder: holder(acts) });
      if (unplugged) pad.setPresent(false);
      void was.close();
    },
    isRightBlock: (block) => toHex(decrypt(block)) === toHex(clearPinBlock(PIN, fromHex("123456789012"), algorithm === "sm4" ? 16 : 8)),
    unplug: async () => {
      unplugged = true;
      pad.setPresent(false);
    },
    plugIn: async () => {
      unplugged = false;
      pad.setPresent(true);
    },
    close: async () => undefined,
  };
}

cardReaderContract("simulated reader", cardBench);
cardChannelContract("simulated reader", cardBench);
psamContract("simulated module", psamBench);
pinVerifierContract("simulated keypad", pinVerifierBench);
pinPadContract("simulated pad, triple DES", () => pinPadBench("3des"));
pinPadContract("simulated pad, SM4", () => pinPadBench("sm4"));
