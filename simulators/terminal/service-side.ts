/* What stands behind a service counter: a bank's acquirer, the agency, a PIN pad, and people who know what they type. */
import { join } from "node:path";
import { assert } from "../../device/base/assert.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { Devices } from "../../device/drivers/adapter.ts";
import type { PinChanger } from "../../device/drivers/ports.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import type { SimulatedCard } from "../card/card.ts";
import { type Acquirer, openAcquirer } from "../host/acquirer/acquirer.ts";
import { AcquirerLedger } from "../host/acquirer/ledger.ts";
import { TEST_BANK_MERCHANT, TEST_BANK_PIN, TEST_BANK_TERMINAL } from "../host/acquirer/test-customers.ts";
import { type Agency, openAgency } from "../host/agency/agency.ts";
import { AgencyLedger } from "../host/agency/ledger.ts";
import { holderOfCard } from "../host/agency/persons.ts";
import { ScriptedHolder } from "../pinpad/holder.ts";
import { type PinChangeAct, SimulatedPinChanger } from "../pinpad/pin-changer.ts";
import { BANK_PAD_CONFIG, openBankPad } from "./bank-pad.ts";
import { testAuthorities } from "./purses.ts";

export interface ServiceSide {
  readonly acquirer: Acquirer;
  readonly agency: Agency;
  /** Whoever stands at the pad. */
  readonly holder: ScriptedHolder;
  /** The pad, for one life of the terminal. */
  openDevices(): Devices;
  readonly pinChanger: PinChanger;
  /** What is typed when the card's PIN is changed next. */
  planPinChange(act: PinChangeAct): void;
  close(): void;
}

export interface ServiceSideParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly folder: string;
  readonly cards: readonly { readonly card: SimulatedCard; readonly serial: number }[];
}

const OPENING_FEN = 500_000;
const KEY_MS = 15;
const PIN_CHANGE_MS = 150;

/** Account number of the bank's side of a card. */
export function accountOf(card: SimulatedCard): string {
  const { electronicCash } = card.personalization;
  assert(electronicCash !== undefined, "cards of the demonstration have a bank's side");
  return electronicCash.pan;
}

/** How such a terminal is configured. */
export const SERVICE_SIDE_CONFIG = {
  acquirer: {
    connection: { kind: "mqtt" },
    terminalNumber: TEST_BANK_TERMINAL,
    merchantNumber: TEST_BANK_MERCHANT,
    tpdu: { destination: "0003" },
    headerHex: "603100310001",
    originalDate: true,
    withdrawalCode: "010000",
    loadCode: "45",
    loadProcessingCode: "600000",
    purseLoad: { type: "0200", code: "40" },
    downloads: ["parameters", "ca-keys", "aid-parameters", "exception-list"],
    replyTimeoutMs: 2_000,
  },
  agency: {},
  services: {
    pinResetAtTerminal: "authorised-post",
    lossCalls: "temporary-and-formal",
    lossWithdrawal: "host-call",
    detailChange: "host-call",
    activationMode: "host-call",
    contributionHost: "connected",
    benefitHost: "connected",
    cashWithdrawal: "on",
    purseLoad: "on",
    offlineMedicalCard: "card-flags",
    authorisedOperators: ["li"],
  },
  devices: { pinPad: BANK_PAD_CONFIG },
} as const;

/** Who such a terminal is to bank cards; the merchant does not exist. */
export function testElectronicCash(suite: CipherSuite) {
  return {
    merchantId: TEST_BANK_MERCHANT,
    merchantCategory: "5912",
    merchantName: "TEST",
    terminalCode: TEST_BANK_TERMINAL,
    authorities: testAuthorities(suite),
  };
}

export function openServiceSide({ suite, clock, folder, cards }: ServiceSideParts): ServiceSide {
  const randomness = systemRandomness();
  const bankBooks = AcquirerLedger.open(join(folder, "acquirer.sqlite"));
  const agencyBooks = AgencyLedger.open(join(folder, "agency.sqlite"));
  const accounts = cards.map(({ card }) => ({ pan: accountOf(card), balanceFen: OPENING_FEN, pin: TEST_BANK_PIN }));
  const acquirer = openAcquirer({ clock, randomness, suite, ledger: bankBooks, accounts });
  const agency = openAgency({ clock, randomness, suite, ledger: agencyBooks, enrolments: cards.map(({ serial }) => holderOfCard({ serial })) });
  const holder = new ScriptedHolder([{ kind: "enters", digits: TEST_BANK_PIN }]);
  let planned: PinChangeAct = { kind: "cancels" };
  return {
    acquirer,
    agency,
    holder,
    openDevices: () => ({ pinPad: openBankPad({ clock: systemClock(), suite, holder, keyMs: KEY_MS }) }),
    pinChanger: {
      changeOnCard: (channel, template, limits) =>
        new SimulatedPinChanger({ clock: systemClock(), acts: [planned], keyingMs: PIN_CHANGE_MS }).changeOnCard(channel, template, limits),
    },
    planPinChange: (act) => {
      planned = act;
    },
    close: () => {
      acquirer.stop();
      agency.stop();
      bankBooks.close();
      agencyBooks.close();
    },
  };
}
