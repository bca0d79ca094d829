/* Everything the doctor knows of a terminal, gathered once. The checks are pure over this. */
import type { TerminalConfig } from "../../config/schema.ts";
import type { RuntimeStatus } from "../runtime-status.ts";
import type { CertificateLook, DiskSpace, Reach } from "./machine.ts";

export type ConfigFact =
  | { readonly is: "absent" | "denied" | "corrupt" }
  | { readonly is: "invalid"; readonly problem: string }
  | { readonly is: "ready"; readonly config: TerminalConfig; readonly damagedSlots: readonly string[] };

export type KeyFileFact = "absent" | "denied" | "open-to-others" | "foreign-owner" | "malformed" | "test-keys" | "good";

/** "unknown": the machine has no systemd, or it did not answer. */
export type UnitState = "active" | "inactive" | "failed" | "unknown";

export interface ServiceFact {
  readonly state: UnitState;
  readonly restarts: number;
  readonly watchdog: boolean;
  readonly coreDumps: boolean;
}

export type StatusFact = { readonly is: "absent" | "denied" | "malformed" } | { readonly is: "told"; readonly status: RuntimeStatus; readonly ageMs: number };

export interface PortFact {
  readonly role: string;
  readonly path: string;
  readonly is: "ready" | "absent" | "denied";
}

export interface MountFact {
  readonly fileSystem: string;
  readonly readOnly: boolean;
}

export interface JournalFact {
  readonly is: "absent" | "denied" | "no-database" | "ready";
  readonly schema: number;
  /** The service's own user may write it. */
  readonly writable: boolean;
}

export interface ReleaseFact {
  /** What `current` is: nothing at all on a machine that was not installed by the script. */
  readonly current: "absent" | "broken" | "good";
  readonly keys: "absent" | "malformed" | "good";
  /** What `select-release` wrote when it went back. */
  readonly returned: string | undefined;
  readonly trialAgeMs: number | undefined;
  readonly builtMs: number | undefined;
}

export interface Facts {
  readonly nowMs: number;
  readonly config: ConfigFact;
  readonly keyFile: KeyFileFact;
  /** What belongs to another user than the service's, where the service reads and writes; most often root's, by a command of root. */
  readonly foreignFiles: readonly string[];
  /** Of the line to the broker; undefined where it has none. */
  readonly certificate: "absent" | "denied" | "malformed" | CertificateLook | undefined;
  readonly claimWaiting: boolean;
  /** Age of a change of the certificate that is under way; undefined: none is. */
  readonly certificateChangeMs: number | undefined;
  readonly service: ServiceFact;
  readonly status: StatusFact;
  readonly holdAgeMs: number | undefined;
  readonly readerService: { readonly state: UnitState; readonly needsRule: boolean; readonly rule: boolean };
  readonly timeService: UnitState;
  readonly modemManager: UnitState;
  readonly automaticUpgrades: UnitState;
  readonly ports: readonly PortFact[];
  readonly deviceRules: boolean;
  /** Bits of the firmware: 0 too little voltage now, 2 slowed down now, 16 and 18 the same since the start. */
  readonly throttled: number | undefined;
  readonly mount: MountFact | undefined;
  readonly space: DiskSpace | undefined;
  readonly diskErrors: number;
  /** Of an eMMC: life used in tenths, and how much of its reserve is gone (1 normal, 2 warning, 3 urgent). */
  readonly wear: { readonly lifeTenths: number; readonly reserve: number } | undefined;
  /** Undefined as long as nobody knows where it stands. */
  readonly journal: JournalFact | undefined;
  readonly journalSchemas: readonly number[];
  readonly release: ReleaseFact;
  readonly memoryFreeBytes: number | undefined;
  readonly temperature: number | undefined;
  readonly swap: boolean;
  readonly addresses: boolean | undefined;
  readonly broker: Reach | undefined;
  /** Questions that got no answer in time. */
  readonly unanswered: readonly string[];
}
