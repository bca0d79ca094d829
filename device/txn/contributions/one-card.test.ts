/*
 * One card, its two halves: the social one says whose bill it is, the bank's account pays it. The bank flows of the terminal and an acquirer with
 * books of its own, in the place of the bank that the other tests have.
 */
import { describe, expect, it } from "vitest";
import { type Agency, openAgency } from "../../../simulators/host/agency/agency.ts";
import { AGENCY_FAULTS, planAgencyFault } from "../../../simulators/host/agency/faults.ts";
import { AgencyLedger } from "../../../simulators/host/agency/ledger.ts";
import { holderOfCard } from "../../../simulators/host/agency/persons.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { BankPlace, type LineFate } from "../acquiring/testing.ts";
import { openAgencyClient } from "../agency/open.ts";
import type { ContributionOutcome } from "./acts.ts";
import { type Contributions, openContributionActs } from "./open.ts";
import { WAIT } from "./testing.ts";

const AMOUNT = 6_500;
const REQUEST = { reference: "C1", billId: "B1-2026-E", amount: fen(AMOUNT), operator: "op1" } as const;

class OneCard {
  readonly at = new BankPlace({ interface: "contact" });
  readonly agency: Agency;
  #opened: Contributions | undefined;

  constructor() {
    const { clock } = this.at.place;
    this.agency = openAgency({
      clock,
      randomness: new SeededRandomness("agency"),
      suite: opensslSuite(),
      ledger: AgencyLedger.open(":memory:"),
      enrolments: [holderOfCard({ serial: 1 })],
      latencyMs: 100,
    });
    this.at.card();
  }

  /** Power on: recovery, the bank, then contributions, as a terminal does it. */
  async switchOn(): Promise<void> {
    const bank = await this.at.start();
    const { clock, journal, lane, sales, reader } = this.at.ports;
    const { psam } = this.at.place.ports;
    const born = this.at.place.disk.incarnation;
    const randomness = new SeededRandomness(`life-${born}`);
    const alive = () => this.at.place.on && born === this.at.place.disk.incarnation;
    const agency = openAgencyClient({
      clock,
      randomness,
      log: SILENT,
      terminalId: journal.terminalId,
      host: {
        exchange: async (body) => {
          const reply = alive() ? await this.agency.exchange(body) : undefined;
          if (reply === undefined) await clock.sleep(10_000);
          return reply === undefined ? { kind: "unknown", reason: "timeout" } : { kind: "answered", body: reply };
        },
      },
    });
    const place = { institution: "测试经办点", terminal: journal.terminalId };
    const social = { profile: DEFAULT_CARD_PROFILE };
    this.#opened = openContributionActs({ clock, journal, log: SILENT, randomness, agency, bank: bank.acts, reader, psam, social, lane, sales, place });
    bank.background.start();
    this.#opened.background.start();
  }

  /** Undefined: the power went. */
  async pay(): Promise<ContributionOutcome | undefined> {
    let outcome: ContributionOutcome | undefined;
    let settled = false;
    void this.#opened?.acts.pay(REQUEST, WAIT).then((told) => {
      outcome = told;
      settled = true;
    });
    const { clock } = this.at.place;
    await clock.runUntil(clock.monotonicMs() + 600_000, () => settled || !this.at.place.on);
    return outcome;
  }

  known(): Promise<ContributionOutcome | undefined> {
    return this.at.run(this.#opened?.acts.known("C1") ?? Promise.resolve(undefined));
  }

  async later(durationMs: number): Promise<void> {
    const { clock } = this.at.place;
    await clock.resolve(clock.sleep(durationMs), 2 * durationMs);
  }

  /** What the bank holds, and what the agency has confirmed. */
  get books(): readonly [bank: number, agency: number] {
    return [this.at.host.sum(), this.agency.ledger.totals().paidFen];
  }
}

async function counter(): Promise<OneCard> {
  const one = new OneCard();
  await one.switchOn();
  return one;
}

describe("one card", () => {
  it("names its holder's bill and pays it", async () => {
    const one = await counter();
    expect(await one.pay()).toMatchObject({ kind: "confirmed", amount: AMOUNT, receiptNumber: "R000000000001" });
    expect(one.books).toEqual([AMOUNT, AMOUNT]);
  });

  it("has its money again where the agency says no", async () => {
    const one = await counter();
    planAgencyFault(one.agency.faults, "contribution-confirm", AGENCY_FAULTS.refuse);
    expect(await one.pay()).toMatchObject({ kind: "refunded", amount: AMOUNT, reason: "maintenance" });
    expect(one.books).toEqual([0, 0]);
    expect(one.at.host.standing().map(({ business }) => business)).toEqual(["sale", "void"]);
  });

  it("has paid nothing where the bank says no", async () => {
    const one = await counter();
    one.at.host.planFault("0200", "decline");
    expect(await one.pay()).toMatchObject({ kind: "refused" });
    expect(one.books).toEqual([0, 0]);
  });

  it("is told at once where the bank takes back by itself what it could not say", async () => {
    const one = await counter();
    one.at.host.fate = ({ type }) => (type === "0200" ? "unheard" : "deliver");
    expect(await one.pay()).toMatchObject({ kind: "refused", reason: "timeout" });
    expect(one.books).toEqual([0, 0]);
  });

  it("waits while the bank is not decided, and ends when the bank has taken it back", async () => {
    const one = await counter();
    const fates: Readonly<Record<string, LineFate>> = { "0200": "unheard", "0400": "lost" };
    one.at.host.fate = ({ type }) => fates[type] ?? "deliver";
    expect(await one.pay()).toMatchObject({ kind: "open-case" });
    expect(one.books).toEqual([AMOUNT, 0]);
    one.at.host.fate = () => "deliver";
    await one.later(1_800_000);
    expect(await one.known()).toMatchObject({ kind: "refused" });
    expect(one.books).toEqual([0, 0]);
  });

  it("loses nothing where power goes around any message to the bank, whatever the agency says then", async () => {
    for (const refuses of [false, true])
      for (const fate of ["cut-before", "cut-after"] satisfies readonly LineFate[])
        for (let index = 0; index < 4; index += 1) {
          const one = await counter();
          if (refuses) planAgencyFault(one.agency.faults, "contribution-confirm", AGENCY_FAULTS.refuse);
          one.at.host.fate = (message) => (message.index === index ? fate : "deliver");
          await one.pay();
          if (!one.at.place.on) {
            one.at.host.fate = () => "deliver";
            one.at.place.cutPower();
            await one.switchOn();
          }
          await one.later(3_600_000);
          const name = `${fate} of message ${index}, ${refuses ? "refused" : "confirmed"}`;
          const [bank, agency] = one.books;
          expect(bank, name).toBe(agency);
          expect((await one.known())?.kind ?? "never begun", name).not.toBe("open-case");
        }
  });
});
