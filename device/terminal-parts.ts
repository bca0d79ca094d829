/* What a terminal is made of: everything that touches the world, and what is decided by configuration. */
import type { Log } from "./base/log.ts";
import type { Clock, JournalStore, MessageLink, Randomness, Storage } from "./base/ports.ts";
import type { InitialPinEvidence } from "./card/social/initial-pin.ts";
import type { TerminalState } from "./codec/upload.ts";
import type { CipherSuite, SecretKey } from "./crypto/face.ts";
import type { Devices } from "./drivers/adapter.ts";
import type { SignalLamp } from "./drivers/peripherals.ts";
import type { CardReader, PinChanger, PinVerifier } from "./drivers/ports.ts";
import type { LaneListener } from "./gate/lane-listeners.ts";
import type { TerminalGate } from "./gate/terminal-gates.ts";
import type { DocumentPlaces } from "./permission.ts";
import type { ModuleOpening } from "./security-module.ts";
import type { BatchSealer } from "./sync/batch/seal.ts";
import type { SyncKeys } from "./sync/sync.ts";
import type { TerminalRules, TerminalSettings } from "./terminal-settings.ts";
import type { ActDoor } from "./txn/act-door.ts";
import type { MachineUptime } from "./txn/clock-trust/clock-trust.ts";
import type { AcquirerHost, DocumentTaker, MedicalHost } from "./txn/hosts.ts";
import type { Journal } from "./txn/journal/types.ts";

export interface TerminalParts {
  readonly settings: TerminalSettings;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  /** Protects personal fields at rest. */
  readonly storageKey: SecretKey;
  readonly syncKeys: SyncKeys;
  readonly store: JournalStore;
  readonly link: MessageLink;
  readonly sealer: BatchSealer;
  readonly userReader: CardReader;
  readonly samReader: CardReader;
  readonly pinVerifier: PinVerifier;
  /** Light and sound of the user's reader. */
  readonly lamp?: SignalLamp;
  /** Lanes that work by themselves; absent: this terminal has none. */
  readonly gate?: TerminalGate;
  /** Told what happens at each lane, beside it. It never throws. */
  readonly onLaneEvent?: LaneListener;
  /** What stands around the readers. */
  readonly devices?: Devices;
  /** What is known about the PIN of a card, by its identifier; left out: nothing of any. */
  readonly initialPinEvidence?: (cardIdentifier: string) => InitialPinEvidence;
  /** The way to the insurer where it does not lead over the link. */
  readonly medicalHost?: MedicalHost;
  /** The way to the acquirer where it does not lead over the link; stopped with the terminal, so that nothing waits for its replies. */
  readonly acquirerHost?: AcquirerHost & { readonly stop?: () => void };
  /** Changes the card's PIN at the reader; absent: nobody can here. */
  readonly pinChanger?: PinChanger;
  /** Where bank and services of the card keep what they know; absent: there are none. */
  readonly services?: ServicePlaces;
  /** Where documents of the host are kept; absent: none are taken. */
  readonly documents?: DocumentPlaces;
  /** Takers of further streams of the host's documents, which are given what they need of this terminal; absent: there are none. */
  readonly takers?: (own: TakerPlace) => Promise<readonly DocumentTaker[]>;
  /** How long the machine has been up; absent: a restart of this service counts as a power cut. */
  readonly machine?: MachineUptime;
  /** Where the comparisons with the insurer's books are kept; absent: none are made. */
  readonly reports?: Storage;
  readonly log: Log;
  readonly rules?: TerminalRules;
  /** The host says over how long its fleet spreads reconnects; the link's owner wants to know. */
  readonly onReconnectWindow?: (windowMs: number) => void;
  /** How the terminal is, told to the host with heartbeats; absent: nobody tells. */
  readonly state?: () => TerminalState | undefined;
  /** Called in each turn of the loop that speaks to the host, whatever the network does. It never throws. */
  readonly onUplinkTurn?: () => void;
  /** Through which lanes and keypad begin their sales; absent: nobody holds them. */
  readonly door?: ActDoor;
  /** Stands behind the opening of each module, which then happens at the start; absent: any module will do, and it is opened by the first sale. */
  readonly moduleOpening?: ModuleOpening;
}

/** A terminal as a taker of the host's documents sees it. */
export interface TakerPlace {
  readonly journal: Pick<Journal, "append">;
  /** Sends now what may be sent. */
  urge(): void;
}

/** Folders of their own, each of them. */
export interface ServicePlaces {
  /** What was last known of balances and the like. */
  readonly known: Storage;
  /** Losses that were reported here. */
  readonly losses: Storage;
  /** What the acquirer gave for download. */
  readonly bank: Storage;
}
