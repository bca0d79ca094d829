/* A selling place with a reader library in front of it, under virtual time; and a host with the keys that no module holds. */

import type { SimulatedCard } from "../../../simulators/card/card.ts";
import type { TestCardOptions } from "../../../simulators/card/make.ts";
import { authenticationData, socialMac, socialSessionKey } from "../../../simulators/crypto/social.ts";
import { deriveSocialKey, type TestKeyName, testRootKey } from "../../../simulators/crypto/test-keys.ts";
import { type PinChangeAct, SimulatedPinChanger } from "../../../simulators/pinpad/pin-changer.ts";
import { makeTestPsam, type TestPsamOptions } from "../../../simulators/psam/make.ts";
import { makeSamReader } from "../../../simulators/reader/in-process.ts";
import { type Bytes, concat, fromHex, toHex, u8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { SILENT } from "../../base/log.ts";
import type { CardAlgorithm } from "../../card/keys/block-mac.ts";
import { openPsam } from "../../card/psam/open.ts";
import { changePin } from "../../card/social/pin.ts";
import { nameSocialCard } from "../../card/social/read-identity.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { InitialPinRule } from "../../txn/initial-pin.ts";
import { runQuickPayment } from "../../txn/quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../../txn/quick-payment/testing.ts";
import type { FunctionName, LibraryAnswer } from "./functions.ts";
import { libraryCall } from "./functions.ts";
import { type LibraryCaller, openReaderLibrary } from "./library.ts";
import { DEFAULT_LIBRARY_BOUNDS, type ReaderLibraryPorts } from "./ports.ts";

const SUITE = openCipherSuite();
export interface LibraryPlaceOptions {
  readonly card?: Partial<TestCardOptions>;
  /** Left out: the module of the place. "none": there is none. */
  readonly psam?: TestPsamOptions | "none";
  readonly more?: Partial<ReaderLibraryPorts>;
  /** What sales know of the PIN of cards. */
  readonly saleInitialPin?: InitialPinRule;
  /** What the holder does when the PIN is to be changed. */
  readonly changes?: readonly PinChangeAct[];
}

/** The PIN that the keypad of the place knows as the one of new cards. */
export const INITIAL_PIN = "123456";
const CHANGE_WORDS: Readonly<Record<string, string>> = { wrong: "pin-wrong", locked: "pin-locked", cancelled: "pin-cancelled", "timed-out": "pin-timed-out" };

export const CALLER: LibraryCaller = { name: "program" };
const NEVER = new AbortController().signal;

/** A place with a card in its reader, and a library over it. */
export async function libraryPlace(options: LibraryPlaceOptions = {}) {
  const place = new SimulatedPlace();
  const ports = await place.clock.resolve(place.switchOn());
  const card = place.card({ algorithm: "sm4", ...options.card });
  place.reader.insert(card);
  const library = openReaderLibrary({ ...(await portsOf(place, options)), ...options.more });
  const ask = (name: FunctionName, given: Parameters<typeof libraryCall>[1] = { iType: 2 }, caller: LibraryCaller = CALLER): Promise<LibraryAnswer> =>
    place.clock.resolve(library.call(caller, libraryCall(name, { iType: 2, ...given }), NEVER));
  return { place, ports, card, library, ask, cardInfo: cardInfoOf(card) };
}

export type LibraryPlace = Awaited<ReturnType<typeof libraryPlace>>;

async function portsOf(place: SimulatedPlace, { psam, saleInitialPin, changes = [{ kind: "cancels" }] }: LibraryPlaceOptions): Promise<ReaderLibraryPorts> {
  const { ports } = place;
  const { medicalPurse, cardProfile = DEFAULT_CARD_PROFILE } = ports;
  if (medicalPurse === undefined) throw new Error("the place offers the medical purse");
  const salePorts = saleInitialPin === undefined ? ports : { ...ports, medicalPurse: { ...medicalPurse, initialPin: saleInitialPin } };
  const own = typeof psam === "object" ? makeSamReader(makeTestPsam(SUITE, psam), { name: "other module", clock: place.clock }) : undefined;
  const changer = new SimulatedPinChanger({ clock: place.clock, acts: changes, keyingMs: 10, initialPin: INITIAL_PIN });
  return {
    clock: ports.clock,
    log: SILENT,
    randomness: medicalPurse.randomness,
    suite: SUITE,
    reader: ports.reader,
    lane: ports.lane,
    module: async (limits) => {
      if (psam === "none") throw new Fault("reader-gone", "no module here", { effectUnknown: false });
      return own === undefined ? medicalPurse.psam : openPsam(own, { clock: place.clock, profile: cardProfile }, limits);
    },
    ...(medicalPurse.pin === undefined ? {} : { pin: medicalPurse.pin.verifier }),
    cardProfile,
    today: () => "20260105",
    services: {
      perform: async ({ service }, limits) => {
        const text = { zh: "", en: "" };
        if (service !== "change-pin") return { kind: "refused", reason: "host-absent", text };
        const giveBack = ports.lane.take();
        if (giveBack === undefined) return { kind: "refused", reason: "lane-busy", text };
        const channel = await ports.reader.waitForCard(limits);
        await nameSocialCard(channel, { profile: cardProfile }, limits);
        const outcome = await changePin(channel, { changer, limits }, { ...limits, timeoutMs: 1_000 });
        await channel.close();
        giveBack();
        if (outcome.kind === "verified") return { kind: "done", output: {} };
        return {
          kind: "refused",
          reason: CHANGE_WORDS[outcome.kind] ?? outcome.kind,
          ...("triesLeft" in outcome ? { triesLeft: outcome.triesLeft } : {}),
          text,
        };
      },
    },
    sell: (request, limits) => runQuickPayment(salePorts, request, { ...TEST_LIMITS, ...limits }),
    journal: ports.journal,
    deviceNumber: "DEV1",
    provider: "standard",
    bounds: { ...DEFAULT_LIBRARY_BOUNDS, cardTimeoutMs: 500 },
  };
}

function recordText(card: SimulatedCard, tag: number): Bytes {
  const file = card.personalization.social.environment.find(({ id }) => id === 0xef05);
  return fromHex(file?.records?.find((record) => record.tag === tag)?.valueHex ?? "");
}

/** What iReadCard and iDoDebit are told about a card. */
export function cardInfoOf(card: SimulatedCard): string {
  return `${toHex(recordText(card, 0x01)).toUpperCase()}|${new TextDecoder().decode(recordText(card, 0x07))}|`;
}

/** A host that has the keys of this card; it computes apart from the device's own functions. */
export class HostOfCard {
  readonly #card: SimulatedCard;
  readonly #algorithm: CardAlgorithm;

  constructor(card: SimulatedCard) {
    this.#card = card;
    this.#algorithm = card.personalization.social.algorithm;
  }

  /** 16 + 16 digits: the proof under a key, and the raw value that it is about. */
  proof(name: "irk" | "rkssse" | "puk", sessionFactorHex: string, rawHex: string): string {
    const values = { key: this.#key(name), sessionFactor: fromHex(sessionFactorHex), raw: fromHex(rawHex) };
    return `${toHex(authenticationData(SUITE, this.#algorithm, values))}${rawHex}|`;
  }

  /** 18 digits: PIN UNBLOCK with its MAC. */
  unblock(challengeHex: string): string {
    const header = fromHex("8424000004");
    return `${toHex(concat(header, this.#mac("puk", challengeHex, header)))}|`;
  }

  /** The whole command of PIN RELOAD. */
  reload(challengeHex: string, digits: string): string {
    const key = this.#session("stk", challengeHex);
    const coded = fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
    const plain = new Uint8Array(this.#algorithm === "sm4" ? 16 : 8);
    plain.set(concat(u8(coded.length), coded, fromHex("80")));
    const handle = SUITE.secretKey(key.length === 8 ? concat(key, key) : key);
    const block = this.#algorithm === "sm4" ? SUITE.sm4Encrypt(handle, plain) : SUITE.tdesEncrypt(handle, plain);
    const head = concat(fromHex("84240001"), u8(block.length + 4), block);
    return `${toHex(concat(head, this.#mac("stk", challengeHex, head)))}|`;
  }

  #mac(name: "puk" | "stk", challengeHex: string, data: Bytes): Bytes {
    return socialMac(SUITE, this.#algorithm, { key: this.#session(name, challengeHex), data });
  }

  #session(name: TestKeyName, factorHex: string): Bytes {
    return socialSessionKey(SUITE, this.#algorithm, { key: this.#key(name), factor: fromHex(factorHex) });
  }

  #key(name: TestKeyName): Bytes {
    const factors = (this.#card.personalization.social.factorsHex ?? []).map((hex) => fromHex(hex));
    return deriveSocialKey(SUITE, this.#algorithm, { key: testRootKey(this.#algorithm, name), factors });
  }
}
