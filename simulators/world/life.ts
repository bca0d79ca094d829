/* One power-on of the terminal in its town: real machines, runners, journal and sync over observed ports. */
import { fen } from "../../device/base/fen.ts";
import type { Log, LogValue } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../device/card/purse/commands.ts";
import { BUS_RECORD_ID } from "../../device/card/transit/records.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { OfflineSettings } from "../../device/medical/offline.ts";
import type { PermissionSettings } from "../../device/permission.ts";
import type { RetentionSettings } from "../../device/retention.ts";
import { openInlineSealer } from "../../device/sync/batch/seal-inline.ts";
import { DEFAULT_SYNC_OPTIONS, type SyncOptions } from "../../device/sync/sync.ts";
import { openTerminal, type Terminal } from "../../device/terminal.ts";
import type { TerminalRules, TerminalSettings } from "../../device/terminal-settings.ts";
import { DEFAULT_AGENCY_PROFILE } from "../../device/txn/agency/profile.ts";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "../../device/txn/card-services/profile.ts";
import { RIDER_RECORD } from "../../device/txn/fares/rider-record.ts";
import type { LaneEvent } from "../../device/txn/gate/lane.ts";
import type { LocalRule } from "../../device/txn/local-rules/types.ts";
import type { MedicalProfile } from "../../device/txn/medical-host/profile.ts";
import { NO_LIMITS } from "../../device/txn/risk/offline-limits.ts";
import { TEST_PIN_KEY_HEX } from "../crypto/test-keys.ts";
import { ScriptedHolder } from "../pinpad/holder.ts";
import { SimulatedKeyPad } from "../pinpad/key-pad.ts";
import { SimulatedPinVerifier } from "../pinpad/pin-verifier.ts";
import type { SimulatedPsam } from "../psam/psam.ts";
import { makeSamReader, type TransmitInfo, type TransmitVerdict } from "../reader/in-process.ts";
import { TEST_CASH_TERMINAL, testAuthorities } from "../terminal/purses.ts";
import { directLine } from "./acquirer/direct-line.ts";
import type { ExposureLimits } from "./checks/journal-check.ts";
import { LaneLife } from "./gate/lane-life.ts";
import { RECORD_KEY } from "./gate/riders.ts";
import { observedLink, observedStore } from "./observed.ts";
import { Place } from "./place.ts";
import { Power, poweredClock } from "./power.ts";
import { TERMINAL_ID, type Town } from "./town.ts";

const OK: TransmitVerdict = { kind: "ok" };

/** A made-up pharmacy. */
const SENDER: MedicalProfile["sender"] = {
  institution: "P99010000001",
  institutionName: "测试药店",
  treatmentArea: "530102",
  receiverSystem: "TEST",
  interfaceVersion: "V1.0",
  operatorType: "1",
  operator: "op-1",
  operatorName: "测试员",
  deviceNumber: TERMINAL_ID,
};

/** What a place of this town may sell without its insurer. */
const OFFLINE: OfflineSettings = {
  limits: { amountPerSaleFen: fen(50_000), unreceiptedCount: 40, unreceiptedSumFen: fen(1_000_000) },
  leaseMs: 86_400_000,
  policies: [],
  level: 1,
};

/** Days of a till last minutes and want many small batches; a gate has far more records, and the host hears it often enough as it is. */
function syncSettings({ gate }: Town): SyncOptions {
  const { batch, times } = DEFAULT_SYNC_OPTIONS;
  if (gate === undefined) return { ...DEFAULT_SYNC_OPTIONS, batch: { ...batch, recordsMax: 12 } };
  return { ...DEFAULT_SYNC_OPTIONS, heartbeatMs: 25_000, times: { ...times, lingerMs: 2_000 }, batch: { ...batch, recordsMax: 40 } };
}

/** A gate asks lists and limits about every card; nothing of it waits for the time, which power cuts take away. */
function permissionOf({ unreceiptedCount, unreceiptedSumFen }: ExposureLimits): PermissionSettings {
  const limits = { ...NO_LIMITS, unreceiptedCountMax: unreceiptedCount, unreceiptedSumMaxFen: unreceiptedSumFen };
  return { policy: { limits, lists: [], clock: "any" }, lossRules: { lapseWhileOffline: false }, batteryClock: false };
}

/** Every purse of a card pays in the town. */
const SERVICES: ServiceProfile = { ...DEFAULT_SERVICE_PROFILE, offlineMedicalCard: "card-flags" };

/** Whoever pays goods pays nine tenths of their price. */
const DISCOUNT: LocalRule = {
  kind: "merchant-discount",
  name: "holders",
  validFrom: "20200101",
  merchants: [SENDER.institution],
  numerator: 9,
  denominator: 10,
};

/** Cash and loads belong to the town's bank, contributions to its agency. */
const BANK_SERVICES: ServiceProfile = { ...SERVICES, cashWithdrawal: "on", purseLoad: "on", contributionHost: "connected" };

function settings(limits: ExposureLimits, town: Town): TerminalSettings {
  const { suite, region, gate, bank } = town;
  return {
    electronicCash: { terminal: TEST_CASH_TERMINAL, authorities: testAuthorities(suite), ...(gate === undefined ? {} : { recordKey: RECORD_KEY }) },
    ...(bank === undefined
      ? { services: { profile: SERVICES, localRules: [DISCOUNT] } }
      : {
          bank: { profile: bank.profile, pinKey: { master: 0, work: 0 } },
          services: { profile: BANK_SERVICES, agency: DEFAULT_AGENCY_PROFILE, localRules: [DISCOUNT] },
        }),
    terminalId: TERMINAL_ID,
    // At a gate nobody comes back to a ride by its name, so that records may go within the day.
    ...(gate === undefined ? {} : { retention: shortRetention(town) }),
    purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
    cardProfile: DEFAULT_CARD_PROFILE,
    risk: {
      amountPerSaleFen: fen(100_000),
      unreceiptedCount: limits.unreceiptedCount,
      unreceiptedSumFen: fen(limits.unreceiptedSumFen),
      unverifiedAmountFen: fen(100_000),
    },
    ...(gate === undefined ? {} : { permission: permissionOf(limits) }),
    medical: {
      profile: { sender: SENDER, signsIn: gate === undefined, region },
      serialLane: "1",
      pinTimeoutMs: 20_000,
      queryTimeoutMs: 6_000,
      settleTimeoutMs: 10_000,
      resolver: { lateMarginMs: 60_000, pauseMinMs: 2_000, pauseMaxMs: 60_000 },
      ...(region.offline.allowed ? { offline: OFFLINE } : {}),
      // Nobody at a gate has anything to reconcile with the insurer.
      reconciliation: { daily: gate === undefined, graceMs: 1_800_000, daysBack: 7 },
    },
    returnTimeoutMs: 20_000,
    commandTimeoutMs: 1_000,
    journalTimeoutMs: 5_000,
    sync: syncSettings(town),
  };
}

/** Some towns keep their records for minutes, some for an hour, some longer than the day is. */
function shortRetention(town: Town): RetentionSettings {
  const keepMinutes = town.random.stream("retention").pick([10, 20, 60, 14_400] as const);
  return { keepDays: keepMinutes / 1_440, erasePersonalDays: keepMinutes / 2_880, everyMs: 120_000 };
}

export class Life {
  readonly power = new Power();
  /** The counter's reader. */
  readonly desk: Place;
  readonly #town: Town;
  /** Settles when the power is cut; never rejects. */
  readonly dark: Promise<"dark">;
  readonly lanes: readonly LaneLife[];
  /** Whoever stands at the PIN pad of the bank. */
  readonly bankHolder = new ScriptedHolder([{ kind: "cancels" }]);
  /** Told what happens at each lane. */
  onLaneEvent: (lane: string, event: LaneEvent) => void = () => undefined;
  terminal: Terminal | undefined;

  constructor(town: Town) {
    this.#town = town;
    const clock = poweredClock(town.clock, this.power);
    this.desk = new Place(town, town.desk, { power: this.power, clock });
    this.lanes = town.lanes.map((lane) => new LaneLife(town, lane, { power: this.power, clock }));
    this.dark = new Promise((resolve) => {
      this.power.whenCut(() => resolve("dark"));
    });
    town.disk.onCut(() => this.power.cut());
    this.power.whenCut(() => {
      town.trace.note("power cut");
      town.crashDisks(town.random.stream(`crash/${town.clock.monotonicMs()}`));
      town.desk.card = undefined;
      town.psam.powerDown();
      this.desk.reader.remove();
      for (const lane of this.lanes) lane.powerFailed();
      town.office?.powerFailed();
      town.watch(() => town.observe());
    });
  }

  /** Starts the terminal. Never settles when power fails meanwhile. */
  async start(limits: ExposureLimits, rules: TerminalRules): Promise<Terminal> {
    const { power } = this;
    const town = this.#town;
    const clock = poweredClock(town.clock, power);
    const randomness = town.random.stream(`terminal/${town.disk.incarnation}`);
    const log = this.#log();
    const link = observedLink(town.broker.link(TERMINAL_ID), power, {
      leaving: (topic, payload) => {
        town.trace.note(`message ${topic.slice(topic.indexOf("/up/") + 4)}`);
        town.secrecyCheck.bytes(`a message on ${topic}`, payload);
      },
      cutBefore: () => town.plan.strikes("power-cut-before-publish"),
      cutAfter: () => town.plan.strikes("power-cut-after-publish"),
    });
    const { suite, syncKeys, gate } = town;
    const lanes = this.lanes.map((lane) => lane.devices(clock, (psam, info) => this.#moduleFate(psam, info)));
    this.terminal = await openTerminal({
      settings: settings(limits, town),
      clock,
      randomness,
      suite,
      storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
      syncKeys,
      link,
      log,
      rules,
      ...(gate === undefined ? {} : { gate: { ...gate, rider: { id: BUS_RECORD_ID, codec: RIDER_RECORD }, lanes } }),
      ...(town.office === undefined ? {} : { documents: town.office.open() }),
      ...(town.bank === undefined ? {} : { devices: { pinPad: this.#pad(clock) }, services: town.servicePlaces(), ...directLine(town, power, clock) }),
      onLaneEvent: (lane, event) => {
        if (power.on) this.onLaneEvent(lane, event);
      },
      store: observedStore(town.disk.open(), power, () => town.watch(() => town.observe())),
      sealer: openInlineSealer(suite, syncKeys),
      userReader: this.desk.reader,
      samReader: makeSamReader(town.psam, { name: "module", clock, beforeTransmit: (info) => this.#moduleFate(town.psam, info) }),
      pinVerifier: {
        verifyOnCard: (channel, template, bounds) => new SimulatedPinVerifier({ clock, holder: this.#holder() }).verifyOnCard(channel, template, bounds),
      },
    });
    return this.terminal;
  }

  /** A pad that has lost its working keys with the power; its master key stays. */
  #pad(clock: Clock): SimulatedKeyPad {
    const { suite, bank } = this.#town;
    const algorithm = bank?.profile.keyScheme === "sm4" ? "sm4" : "3des";
    return new SimulatedKeyPad({ clock, suite, holder: this.bankHolder, masterKeyHex: TEST_PIN_KEY_HEX, algorithm });
  }

  /** Whoever holds the card in the field knows its PIN. */
  #holder(): ScriptedHolder {
    const pin = this.#town.desk.card?.card.personalization.social.pin;
    return new ScriptedHolder([pin === undefined ? { kind: "cancels" } : { kind: "enters", digits: pin }]);
  }

  #log(): Log {
    const write = (event: string, fields: Readonly<Record<string, LogValue>> = {}) => {
      this.#town.secrecyCheck.text("the log", JSON.stringify({ event, ...fields }));
    };
    return { info: write, warn: write, error: write };
  }

  #moduleFate(psam: SimulatedPsam, info: TransmitInfo): TransmitVerdict {
    const { plan } = this.#town;
    if (plan.strikes("power-cut-before-apdu")) return this.#cut();
    if (!plan.strikes("power-cut-after-apdu")) return OK;
    psam.tear(info.command, "after");
    return this.#cut();
  }

  #cut(): TransmitVerdict {
    this.power.cut();
    return OK;
  }
}
