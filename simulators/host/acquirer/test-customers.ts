/* Terminals, accounts and downloads of a test bank. Keys and PINs are published: they protect nothing. */
import { type Bytes, concat, fromHex, utf8 } from "../../../device/base/bytes.ts";
import { buildTlv } from "../../../device/codec/tlv.ts";
import { TEST_CERTIFICATION_AUTHORITIES, type TestAuthority } from "../../crypto/certificates.ts";
import { TEST_PIN_KEY_HEX } from "../../crypto/test-keys.ts";
import type { KeyLayout, MacForm, Sm4Terms } from "./ciphers.ts";
import { aidPiece, caKeyPiece } from "./downloads.ts";
import type { DownloadTables, TerminalContract } from "./request.ts";
import type { AccountOpening } from "./words.ts";

/** PIN of every test account. TEST ONLY. */
export const TEST_BANK_PIN = "123456";
export const TEST_BANK_TERMINAL = "53010001";
export const TEST_BANK_MERCHANT = "898530154110001";
const OPENING_FEN = 5_000_000;

/** Account of a test card. */
export function testPan(serial: number): string {
  return `629999${String(serial).padStart(10, "0")}`;
}

export interface ContractTerms {
  readonly terminal?: string;
  readonly merchant?: string;
  readonly masterKeyHex?: string;
  readonly keyLayout?: KeyLayout;
  readonly keyFrontHex?: string;
  readonly macForm?: MacForm;
  readonly sm4?: Sm4Terms;
}

/** A terminal with the master key that simulated pads hold, unless said otherwise. */
export function testContract(terms: ContractTerms = {}): TerminalContract {
  return {
    terminal: terms.terminal ?? TEST_BANK_TERMINAL,
    merchant: terms.merchant ?? TEST_BANK_MERCHANT,
    masterKey: fromHex(terms.masterKeyHex ?? TEST_PIN_KEY_HEX),
    keyLayout: terms.keyLayout ?? "tdes-40",
    keyFront: fromHex(terms.keyFrontHex ?? ""),
    macForm: terms.macForm ?? "ecb",
    ...(terms.sm4 === undefined ? {} : { sm4: terms.sm4 }),
  };
}

export const TEST_CONTRACTS: readonly TerminalContract[] = [testContract()];

/** Test cards 0 to 63 have an account each. */
export const TEST_ACCOUNTS: readonly AccountOpening[] = Array.from({ length: 64 }, (_, serial) => ({
  pan: testPan(serial),
  balanceFen: OPENING_FEN,
  pin: TEST_BANK_PIN,
}));

/** Hash and signature algorithm as the keys' objects name them. */
const RSA = { hash: 0x01, key: 0x01 };
const SM = { hash: 0x07, key: 0x04 };

function authorityObjects(authority: TestAuthority): Bytes {
  const { hash, key } = authority.kind === "sm" ? SM : RSA;
  const value = authority.kind === "sm" ? fromHex(authority.pointHex) : fromHex(authority.modulusHex);
  return concat(
    buildTlv(0x9f06, fromHex(authority.rid)),
    buildTlv(0x9f22, Uint8Array.of(authority.index)),
    buildTlv(0xdf05, utf8(authority.expiryDate)),
    buildTlv(0xdf06, Uint8Array.of(hash)),
    buildTlv(0xdf07, Uint8Array.of(key)),
    buildTlv(0xdf02, value),
    authority.kind === "sm" ? new Uint8Array(0) : buildTlv(0xdf04, fromHex(authority.exponentHex)),
    buildTlv(0xdf03, fromHex(authority.checkHex)),
  );
}

const DEFAULT_ACTIONS = { default: "d86004a800", denial: "0010980000", online: "d86804f800" } as const;

/** What a terminal must know of an application of the test cards. */
function applicationObjects(aidHex: string): Bytes {
  return concat(
    buildTlv(0x9f06, fromHex(aidHex)),
    buildTlv(0xdf01, fromHex("00")),
    buildTlv(0x9f08, fromHex("0030")),
    buildTlv(0xdf11, fromHex(DEFAULT_ACTIONS.default)),
    buildTlv(0xdf12, fromHex(DEFAULT_ACTIONS.online)),
    buildTlv(0xdf13, fromHex(DEFAULT_ACTIONS.denial)),
    buildTlv(0x9f1b, fromHex("00000000")),
    buildTlv(0x9f7b, fromHex("000000100000")),
  );
}

/** Two keys, four applications, and a card that is refused everywhere. */
export const TEST_TABLES: DownloadTables = {
  parameters: concat(buildTlv(0xdf8101, utf8("60")), buildTlv(0xdf8102, utf8("3"))),
  caKeys: TEST_CERTIFICATION_AUTHORITIES.map((authority) => caKeyPiece(authorityObjects(authority))),
  aids: ["01", "02", "03", "06"].map((end) => aidPiece(applicationObjects(`a0000003330101${end}`))),
  exceptions: [testPan(99_999_999)],
};
