/* What tests of the purse begin with: a powered card whose purse is selected, and the other side of its commands. */
import { toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import type { SimulatedCard } from "../card.ts";
import { makeTestCard, type TestCardOptions } from "../make.ts";
import { expectOk, send } from "../testing.ts";
import { type Dialogue, type PurseForm, PurseTerminal } from "./terminal.ts";

const suite = openCipherSuite();

export interface PurseBench {
  readonly card: SimulatedCard;
  readonly terminal: PurseTerminal;
}

export function purseBench(options: Partial<TestCardOptions> = {}): PurseBench {
  const card = makeTestCard(suite, { balanceFen: 10_000, algorithm: "3des", ...options });
  const bench = { card, terminal: new PurseTerminal(suite, card.personalization) };
  reselect(bench);
  return bench;
}

/** Power on, purse selected. */
export function reselect({ card, terminal }: PurseBench): void {
  card.powerUp();
  expectOk(card, terminal.selectHex);
}

export interface Sale {
  readonly form: PurseForm;
  readonly p2: number;
  readonly amountFen: number;
}

/** Opens a sale and gives the debit that ends it. */
export function opened({ card, terminal }: PurseBench, sale: Sale): Dialogue {
  return terminal.debit(expectOk(card, terminal.initializeHex(sale.form, sale)), sale);
}

/** A whole sale; gives what the card answered to the debit, and what it should have. */
export function sold(bench: PurseBench, sale: Sale): { readonly answer: string; readonly expected: string } {
  const { commandHex, expectedHex } = opened(bench, sale);
  return { answer: send(bench.card, commandHex), expected: `${expectedHex}9000` };
}

/** A command that begins its MAC with a fresh challenge. */
export function challenged({ card }: PurseBench, make: (challenge: Uint8Array) => string): string {
  return send(card, make(expectOk(card, "0084000004")));
}

export function hexOf(value: number, bytes: number): string {
  return toHex(Uint8Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** (bytes - 1 - at)) % 256));
}
