/* A bank application in a reader: dialogues in raw bytes whose later commands need earlier answers, and the terminal's own taps. */
import { type Bytes, fromHex, readUint, toHex } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { CertificateCache } from "../../device/card/electronic-cash/authentication.ts";
import { openAuthorities } from "../../device/card/electronic-cash/authorities.ts";
import type { CashOutcome } from "../../device/card/electronic-cash/machine-types.ts";
import {
  type CashTapPorts,
  type CashTapRequest,
  commitCashTap,
  type IndustryPart,
  type PreparedCashTap,
  prepareCashTap,
} from "../../device/card/electronic-cash/tap.ts";
import type { CashTerminal, CashTerms } from "../../device/card/electronic-cash/types.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { ElectronicCashOptions } from "../card/electronic-cash/make.ts";
import type { ElectronicCashMemory } from "../card/electronic-cash/state.ts";
import { type AskedPayment, firstCryptogramHex, objectOf, processContactHex, SELECT_CASH, TestIssuer } from "../card/electronic-cash/testing.ts";
import type { CardFaults } from "../card/state.ts";
import { type CryptogramVerdict, checkTestCryptogram } from "../crypto/bank.ts";
import { TEST_CERTIFICATION_AUTHORITIES } from "../crypto/certificates.ts";
import { CardBench, LIMITS } from "./card-bench.ts";
import type { ConformanceContext } from "./context.ts";
import { expectAnswer, expectTrue, fail } from "./expect.ts";
import type { ConformanceCase, Tag } from "./types.ts";

export interface CashBenchOptions {
  readonly cash?: Partial<ElectronicCashOptions>;
  /** Default: by radio. */
  readonly through?: "contact" | "contactless";
  readonly profile?: Partial<CardProfile>;
  readonly faults?: Partial<CardFaults>;
  /** Answers in parts, as T=0 has them over contacts. */
  readonly inParts?: boolean;
}

/** A case as a row of a table, with everything that it needs made for it. */
export interface CashRow extends CashBenchOptions {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly run: (cash: CashBench) => Promise<void>;
}

export function cashCases(rows: readonly CashRow[]): readonly ConformanceCase[] {
  return rows.map((row) => ({
    id: row.id,
    spec: row.spec,
    title: row.title,
    tags: ["electronic-cash", ...row.tags],
    run: (context) => row.run(new CashBench(context, row)),
  }));
}

const ACCOUNT = "6299990000000001";
export const BALANCE_FEN = 10_000;

/** A gate without any host. */
export const GATE: CashTerminal = {
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

const TERMS: CashTerms = {
  amount: fen(400),
  transactionType: "00",
  date: "20261121",
  time: "102030",
  unpredictableNumber: fromHex("01020304"),
  sequence: 1,
};

export interface TapChange {
  readonly terminal?: Partial<CashTerminal>;
  readonly terms?: Partial<CashTerms>;
  /** The industry record that goes with the terms' purpose. */
  readonly industryPart?: IndustryPart;
}

export class CashBench {
  readonly bench: CardBench;
  readonly issuer: TestIssuer;
  readonly #ports: CashTapPorts;

  constructor(context: ConformanceContext, options: CashBenchOptions = {}) {
    const { cash, through = "contactless", profile, faults, inParts = false } = options;
    const electronicCash = { balanceFen: BALANCE_FEN, ...cash };
    const lengthRule = inParts ? "t0" : "direct";
    this.bench = new CardBench(context, {
      card: { balanceFen: 0, interface: through, electronicCash, lengthRule },
      ...(profile === undefined ? {} : { profile }),
    });
    if (faults !== undefined) this.bench.card.setFaults(faults);
    this.issuer = new TestIssuer(context.suite, { algorithm: cash?.algorithms === "rsa" ? "3des" : "sm4" });
    this.#ports = {
      suite: context.suite,
      authorities: openAuthorities(context.suite, TEST_CERTIFICATION_AUTHORITIES),
      certificates: new CertificateCache(),
      isRevoked: () => false,
      profile: this.bench.profile,
    };
  }

  get memory(): ElectronicCashMemory {
    return this.bench.card.toSnapshot().memory.electronicCash ?? fail("the card has a bank application");
  }

  /** Balance, and how many payments the card has committed. */
  get books(): readonly [balanceFen: number, debits: number] {
    return [this.memory.balanceFen, this.bench.card.debits.length];
  }

  /** Sends a command and compares its answer with a pattern; gives the answer. */
  async say(commandHex: string, pattern = "*9000"): Promise<string> {
    const answer = await this.bench.apdu(commandHex);
    expectAnswer(answer, pattern, `answer to ${commandHex.slice(0, 8)}`);
    return answer;
  }

  /** Commands that must all succeed; gives the last answer. */
  async all(...commands: readonly string[]): Promise<string> {
    let answer = "";
    for (const command of commands) answer = await this.say(command);
    return answer;
  }

  async reset(): Promise<void> {
    await this.bench.reset();
  }

  /** Sends a command that the card's leaving cuts off, and puts the card back. */
  async tear(commandHex: string, at: "before" | "during" | "after"): Promise<void> {
    this.bench.reader.setFate(() => ({ kind: "tear", at }));
    let torn = false;
    try {
      await this.bench.apdu(commandHex);
    } catch {
      torn = true;
    }
    expectTrue(torn, "the command was torn");
    this.bench.reader.setFate(() => ({ kind: "ok" }));
    await this.reset();
  }

  /** Opens a transaction over contacts up to a cryptogram that asks the issuer. */
  async askIssuer(
    asked: AskedPayment = { amountFen: 0, cash: "00" },
    wanted: "80" | "00" = "80",
  ): Promise<{ readonly counter: number; readonly cryptogram: Bytes }> {
    const answer = await this.all(SELECT_CASH, processContactHex(asked), firstCryptogramHex(wanted, asked));
    return { counter: readUint(objectOf(answer, 0x77, 0x9f36), 0, 2), cryptogram: objectOf(answer, 0x77, 0x9f26) };
  }

  /** The host's word on a certificate in an answer in template 77. */
  verdict(answer: string, amountFen: number, profile: CardProfile = this.bench.profile): CryptogramVerdict {
    const host = { suite: this.bench.context.suite, profile };
    return checkTestCryptogram(host, {
      pan: ACCOUNT,
      panSequence: "01",
      amountFen,
      counter: readUint(objectOf(answer, 0x77, 0x9f36), 0, 2),
      unpredictableNumber: TERMS.unpredictableNumber,
      issuerData: objectOf(answer, 0x77, 0x9f10),
      cryptogram: objectOf(answer, 0x77, 0x9f26),
      further: { date: fromHex("261121") },
    });
  }

  request(change: TapChange = {}): CashTapRequest {
    return {
      interface: this.bench.card.personalization.interface,
      isListed: () => false,
      terminal: { ...GATE, ...change.terminal },
      terms: { ...TERMS, ...change.terms },
      ...(change.industryPart === undefined ? {} : { industryPart: change.industryPart }),
    };
  }

  /** The terminal's own tap up to the point where its intent must be durable. */
  async prepare(change: TapChange = {}): Promise<PreparedCashTap | CashOutcome> {
    return prepareCashTap(await this.bench.channel(), { ports: this.#ports, request: this.request(change) }, LIMITS);
  }

  async commit(prepared: PreparedCashTap): Promise<CashOutcome> {
    return commitCashTap(await this.bench.channel(), { ports: this.#ports, prepared }, LIMITS);
  }

  /** The terminal's own whole tap. */
  async tap(change: TapChange = {}): Promise<CashOutcome> {
    const prepared = await this.prepare(change);
    return prepared.kind === "ready" ? this.commit(prepared) : prepared;
  }
}

/** A data object of an answer as hexadecimal text. */
export function shown(answer: string, ...path: readonly number[]): string {
  return toHex(objectOf(answer, ...path));
}
