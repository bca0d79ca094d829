/* Somebody who writes to the agency by the page alone: requests as JSON, replies as they come. */
import { utf8 } from "../../../device/base/bytes.ts";
import { opensslSuite } from "../../../device/crypto/openssl.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { VirtualClock } from "../../world/virtual-clock.ts";
import type { JsonFields } from "../canonical.ts";
import { type Agency, openAgency } from "./agency.ts";
import { AgencyLedger } from "./ledger.ts";
import { holderOfCard } from "./persons.ts";
import type { AgencyVariants } from "./service.ts";
import type { CardStatus } from "./words.ts";

/** Monday, 2026-01-05 12:00:00 in China. */
export const MONDAY_NOON_MS = Date.UTC(2026, 0, 5, 4);
export const SUITE = opensslSuite();
export const SERIAL = 7;
export const HOLDER = holderOfCard({ serial: SERIAL });
export const CARD = { cardNumber: HOLDER.cards[0]?.cardNumber ?? "", cardIdentifier: HOLDER.cards[0]?.cardIdentifier ?? "" };
export const PERSON = { name: HOLDER.person.name, identityNumber: HOLDER.person.identityNumber };
export const PAID_AT = "2026-01-05T12:00:00.000+08:00";

export interface Reply extends JsonFields {
  readonly v: number;
  readonly id: string;
  readonly result: string;
  readonly reason?: string;
  readonly office?: string;
  readonly output: JsonFields;
}

export interface HandOptions {
  readonly variants?: Partial<AgencyVariants>;
  readonly status?: CardStatus;
  readonly file?: string;
}

export class HandTerminalOfAgency {
  readonly clock = new VirtualClock(MONDAY_NOON_MS);
  readonly agency: Agency;
  #ids = 0;

  constructor({ variants = {}, status = "active", file = ":memory:" }: HandOptions = {}) {
    this.agency = openAgency({
      clock: this.clock,
      randomness: new SeededRandomness("agency"),
      suite: SUITE,
      ledger: AgencyLedger.open(file),
      enrolments: [holderOfCard({ serial: SERIAL, status }), holderOfCard({ serial: SERIAL + 1 })],
      variants,
    });
  }

  id(): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(32, "0");
  }

  /** Undefined: no reply will ever come. */
  async raw(service: string, input: JsonFields, id: string = this.id()): Promise<string | undefined> {
    const body = { v: 1, id, service, at: PAID_AT, terminal: "T-1", operator: "op1", input };
    const reply = await this.clock.resolve(this.agency.exchange(utf8(JSON.stringify(body))));
    return reply === undefined ? undefined : new TextDecoder().decode(reply);
  }

  async ask(service: string, input: JsonFields, id: string = this.id()): Promise<Reply> {
    return JSON.parse((await this.raw(service, input, id)) ?? "{}") as Reply;
  }

  /** What was said, without the envelope. */
  async say(service: string, input: JsonFields, id: string = this.id()): Promise<JsonFields> {
    const { result, reason, output } = await this.ask(service, input, id);
    return result === "ok" ? output : { reason };
  }

  /** A bill of the first holder, paid. */
  confirmation(payment = "p1"): JsonFields {
    const proof = { reference: payment, retrievalReference: "123456789012", paidAt: PAID_AT };
    return { card: CARD, billId: `B${SERIAL}-2026-M`, amountFen: 40_000, payment: proof };
  }

  async later(durationMs: number): Promise<void> {
    // Without anybody who sleeps no time would pass.
    await this.clock.resolve(this.clock.sleep(durationMs), 2 * durationMs);
  }
}
