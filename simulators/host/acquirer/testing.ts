/* A terminal made by hand for the acquirer's own tests: it builds messages and reads replies by the paper, and takes nothing from the device. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { numberToBcd } from "../../../device/codec/bcd.ts";
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { encodeTlv } from "../../../device/codec/tlv.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { applicationCryptogram, type BankRules, bankCardKey, bankSessionKey, cryptogramInput } from "../../crypto/bank.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { VirtualClock } from "../../world/virtual-clock.ts";
import { type Acquirer, type AcquirerOptions, openAcquirer } from "./acquirer.ts";
import { cipherOf, encipherPin, messageMac, unwrapKey } from "./ciphers.ts";
import { AcquirerLedger } from "./ledger.ts";
import { type BankMessage, readMessage, writeMessage } from "./message.ts";
import type { TerminalContract } from "./request.ts";
import { TEST_BANK_PIN, testContract, testPan } from "./test-customers.ts";

export const NOON_MS = 1_790_049_600_000;
export const PAN = testPan(1);
const suite = openCipherSuite();

/** Fields by number, as text. */
export type Texts = Readonly<Record<number, string>>;

export interface HandReply {
  readonly type: string;
  /** Field 39. */
  readonly code: string;
  readonly fields: ReadonlyMap<number, string>;
  readonly macHolds: boolean;
}

/** Offsets in field 62 behind what stands in front, and the lengths of key and check value. */
const PLACES = {
  "des-24": { pin: [0, 8, 8, 4], mac: [12, 8, 20, 4] },
  "tdes-40": { pin: [0, 16, 16, 4], mac: [20, 8, 36, 4] },
  "tdes-track-60": { pin: [0, 16, 16, 4], mac: [20, 8, 36, 4] },
  "triple-19-57": { pin: [0, 16, 16, 3], mac: [19, 16, 35, 3] },
  sm4: { pin: [0, 16, 16, 8], mac: [24, 16, 40, 8] },
} as const;

/** 60.3 of a sign-in. */
const NETWORKS = { "des-24": "001", "tdes-40": "003", "tdes-track-60": "004", "triple-19-57": "003", sm4: "005" } as const;

export interface ChipTerms {
  readonly amountFen: number;
  readonly counter: number;
  /** What the card decided. */
  readonly decision: "online" | "approved";
  readonly pan?: string;
  readonly balanceFen?: number;
}

const RULES: BankRules = { suite, profile: DEFAULT_CARD_PROFILE, algorithm: "3des" };
const RESULT_BYTE = { online: 0xa0, approved: 0x90 } as const;
const TERMINAL_DATA = {
  country: fromHex("0156"),
  verificationResults: new Uint8Array(5),
  currency: fromHex("0156"),
  date: fromHex("260922"),
  type: fromHex("00"),
};

/** Field 55 as a card with the published test keys would have made it; further objects stand behind. */
export function chipData(terms: ChipTerms, further: readonly (readonly [tag: number, hex: string])[] = []): string {
  const { amountFen, counter, decision } = terms;
  const place = { pan: terms.pan ?? PAN, panSequence: "01" };
  const unpredictableNumber = fromHex("11223344");
  const interchangeProfile = fromHex("7c00");
  const cardResults = Uint8Array.of(RESULT_BYTE[decision], 0, 0);
  const input = cryptogramInput("01", {
    ...TERMINAL_DATA,
    amount: numberToBcd(amountFen, 6),
    otherAmount: new Uint8Array(6),
    unpredictableNumber,
    interchangeProfile,
    counter,
    cardResults,
  });
  const session = bankSessionKey(RULES, bankCardKey(RULES, "bank-ac", place), counter);
  const objects: readonly (readonly [number, Bytes])[] = [
    [0x9f26, applicationCryptogram(RULES, session, input)],
    [0x9f10, fromHex(`07010103${toHex(cardResults)}01`)],
    [0x9f37, unpredictableNumber],
    [0x9f36, numberBytes(counter)],
    [0x95, TERMINAL_DATA.verificationResults],
    [0x9a, TERMINAL_DATA.date],
    [0x9c, TERMINAL_DATA.type],
    [0x9f02, numberToBcd(amountFen, 6)],
    [0x5f2a, TERMINAL_DATA.currency],
    [0x82, interchangeProfile],
    [0x9f1a, TERMINAL_DATA.country],
    ...(terms.balanceFen === undefined ? [] : [[0x9f79, numberToBcd(terms.balanceFen, 6)] as const]),
    ...further.map(([tag, hex]) => [tag, fromHex(hex)] as const),
  ];
  return toHex(encodeTlv(objects.map(([tag, value]) => ({ tag, value }))));
}

function numberBytes(value: number): Bytes {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export function fenDigits(amountFen: number): string {
  return String(amountFen).padStart(12, "0");
}

export class HandBank {
  readonly clock = new VirtualClock(NOON_MS);
  readonly ledger: AcquirerLedger;
  readonly acquirer: Acquirer;
  readonly contract: TerminalContract;
  batch = "000001";
  #stan = 0;
  #pinKey: Bytes = new Uint8Array(0);
  #macKey: Bytes = new Uint8Array(0);

  constructor(options: Partial<AcquirerOptions> & { readonly contract?: TerminalContract; readonly books?: AcquirerLedger } = {}) {
    const { contract = testContract(), books = AcquirerLedger.open(":memory:"), ...rest } = options;
    this.contract = contract;
    this.ledger = books;
    this.acquirer = openAcquirer({ clock: this.clock, suite, randomness: new SeededRandomness("bank"), ledger: books, contracts: [contract], ...rest });
  }

  stan(): string {
    this.#stan += 1;
    return String(this.#stan).padStart(6, "0");
  }

  /** The bytes of a message: terminal, merchant and, where it is sealed, its MAC are put in; field 11 too where it is not given. */
  bytes(type: string, texts: Texts, options: { readonly mac?: boolean; readonly terminal?: string } = {}): Bytes {
    const given = Object.entries(texts).map(([number, value]) => [Number(number), value] as const);
    const identity: readonly (readonly [number, string])[] = [
      [41, options.terminal ?? this.contract.terminal],
      [42, this.contract.merchant],
    ];
    const fields = new Map<number, string>([...identity, ...(texts[11] === undefined ? [[11, this.stan()] as const] : []), ...given]);
    const sealed = options.mac ?? (type !== "0800" && type !== "0820");
    const seal = (covered: Bytes) => messageMac(suite, this.contract.macForm, { key: this.#macKey, covered });
    return writeMessage({ tpdu: "6000030000", header: "603100310001", type, fields }, sealed ? seal : undefined);
  }

  async send(body: Bytes): Promise<HandReply | undefined> {
    const reply = await this.acquirer.exchange(body);
    if (reply === undefined) return undefined;
    const parsed = readMessage(reply);
    assert(parsed.ok, "a reply is a message");
    return { type: parsed.message.type, code: parsed.message.fields.get(39) ?? "", fields: parsed.message.fields, macHolds: this.#holds(parsed) };
  }

  async ask(type: string, texts: Texts, options: { readonly mac?: boolean; readonly terminal?: string } = {}): Promise<HandReply> {
    const reply = await this.send(this.bytes(type, texts, options));
    assert(reply !== undefined, "there is a reply");
    return reply;
  }

  #holds({ message, covered }: { readonly message: BankMessage; readonly covered: Bytes }): boolean {
    if (this.#macKey.length === 0) return false;
    const mac = messageMac(suite, this.contract.macForm, { key: this.#macKey, covered });
    return message.fields.get(64) === toHex(mac).toUpperCase();
  }

  /** Takes the keys of a sign-in as they lie in field 62. */
  async signIn(): Promise<HandReply> {
    const network = NETWORKS[this.contract.keyLayout];
    const reply = await this.ask("0800", { 60: `00${this.batch}${network}` });
    if (reply.code === "00") this.#takeKeys(fromHex(reply.fields.get(62) ?? ""));
    this.batch = reply.fields.get(60)?.slice(2, 8) ?? this.batch;
    return reply;
  }

  #takeKeys(whole: Bytes): void {
    const keys = whole.slice(this.contract.keyFront.length);
    const place = PLACES[this.contract.keyLayout];
    const take = ([at, length, checkAt, checkLength]: readonly [number, number, number, number]) => {
      const wrapped = { key: keys.slice(at, at + length), checkValue: keys.slice(checkAt, checkAt + checkLength), cipher: cipherOf(this.contract.keyLayout) };
      const key = unwrapKey(suite, this.contract.masterKey, wrapped);
      assert(key !== undefined, "a key has its check value");
      return key;
    };
    this.#pinKey = take(place.pin);
    this.#macKey = take(place.mac);
  }

  pinBlock(pin: string = TEST_BANK_PIN, account: string = PAN): string {
    return toHex(encipherPin(suite, this.#pinKey, { pin, account, cipher: cipherOf(this.contract.keyLayout) }));
  }

  /** A sale of the test card with its PIN; fields may be put in or left out. */
  saleTexts(amountFen: number, changes: Texts = {}): Texts {
    const pin: Texts = { 26: "06", 52: this.pinBlock(), 53: "2600000000000000" };
    return { 2: PAN, 3: "000000", 4: fenDigits(amountFen), 22: "051", 25: "00", 49: "156", 60: `22${this.batch}000`, ...pin, ...changes };
  }

  sale(amountFen: number, changes: Texts = {}): Promise<HandReply> {
    return this.ask("0200", this.saleTexts(amountFen, changes));
  }

  balanceFen(pan: string = PAN): number {
    return this.ledger.account(pan)?.balanceFen ?? -1;
  }
}

/** A bank with a terminal that has signed in. */
export async function openHandBank(options: ConstructorParameters<typeof HandBank>[0] = {}): Promise<HandBank> {
  const bank = new HandBank(options);
  await bank.signIn();
  return bank;
}
