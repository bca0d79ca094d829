/* The PC/SC adapter: readers by rule, each group of them in its own supervised process. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Processes } from "../../base/ports.ts";
import type { SignalLamp } from "../peripherals.ts";
import type { CardReader, PinChanger, PinVerifier } from "../ports.ts";
import { PcscPinChanger } from "./pin-changer.ts";
import { PcscPinVerifier, type PinVerifierOptions } from "./pin-verifier.ts";
import { PcscReader, type ReaderRule } from "./reader.ts";
import { AcsSignalLamp } from "./signal-lamp.ts";
import { ESCAPE_CODES, type SignalDialect, type SignalProfile } from "./signals.ts";
import { PcscSupervisor } from "./supervisor.ts";

export type { SpeProfile } from "./part10.ts";
export type { PinVerifierOptions } from "./pin-verifier.ts";
export type { ReaderRule } from "./reader.ts";

export interface PcscOptions {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  /** Further variables of the reader processes, for example PCSCLITE_CSOCK_NAME for a service that listens elsewhere. */
  readonly env?: Readonly<Record<string, string>>;
  /** The module of the reader process; left out: the one beside this file. */
  readonly module?: URL;
}

/** How a reader of the ACR family is told about light, sound and polling. */
export interface LampRule extends SignalProfile {
  readonly dialect: SignalDialect;
  /** Whose driver passes escape commands on: each has its own control code. */
  readonly driver: keyof typeof ESCAPE_CODES;
  readonly polling: "as-delivered" | "fast";
}

export interface Pcsc {
  /** The reader that plays a role. The same rule always means the same place. */
  reader(rule: ReaderRule): CardReader;
  /** The reader of this rule as last heard of, without asking anybody; "failed": its service is not there. */
  look(rule: ReaderRule): { readonly state: "ready" | "absent" | "failed"; readonly card: boolean };
  /** The longest silence of the reader processes; each of them speaks every second, or is replaced. Undefined where there is none. */
  readonly silentMs: number | undefined;
  /** Light and sound of the reader of this rule, over the same connection as its cards. */
  lamp(reader: ReaderRule, lamp: LampRule): SignalLamp;
  /** Resolves when every group of readers has reached the service. Faults: "reader-service-gone" at the deadline, "cancelled". */
  ready(limits: Limits): Promise<void>;
  /** PIN entry on these readers. */
  pinVerifier(options: PinVerifierOptions): PinVerifier;
  /** Change of the PIN on these readers. */
  pinChanger(options: PinVerifierOptions): PinChanger;
  close(): Promise<void>;
}

/** A hung card holds one pool thread until its process is killed; every reader of a group may hang at once. */
const POOL_THREADS = "20";

export function openPcsc(options: PcscOptions): Pcsc {
  const { processes, clock, log } = options;
  const module = options.module ?? new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url);
  const env = { UV_THREADPOOL_SIZE: POOL_THREADS, ...options.env };
  const groups = new Map<string, PcscSupervisor>();
  const readers = new Map<string, PcscReader>();
  const supervisorOf = (group: string): PcscSupervisor => {
    const known = groups.get(group) ?? new PcscSupervisor({ processes, clock, log, module, env });
    groups.set(group, known);
    return known;
  };
  const readerOf = (rule: ReaderRule): PcscReader => {
    const key = JSON.stringify([rule.interface, rule.nameIncludes, rule.nameExcludes, rule.slot, rule.group]);
    const known = readers.get(key) ?? new PcscReader(supervisorOf(rule.group ?? (rule.interface === "sam" ? "modules" : "cards")), clock, rule);
    readers.set(key, known);
    return known;
  };
  return {
    reader: readerOf,
    look: (rule) => readerOf(rule).look(),
    get silentMs() {
      const silences = [...groups.values()].map((supervisor) => supervisor.silentMs);
      return silences.length === 0 ? undefined : Math.max(...silences);
    },
    lamp(rule, { dialect, driver, polling, ...profile }) {
      const reader = readerOf(rule);
      const withCard = dialect === "together" ? "transmit" : "control";
      return new AcsSignalLamp({
        name: reader.name,
        clock,
        dialect,
        profile,
        polling,
        send: (data, limits) => reader.tell({ code: ESCAPE_CODES[driver], data, withCard }, limits),
      });
    },
    async ready(limits) {
      await Promise.all([...groups.values()].map((supervisor) => supervisor.ready(limits)));
    },
    pinVerifier: (pin) => new PcscPinVerifier(pin),
    pinChanger: (pin) => new PcscPinChanger(pin),
    async close() {
      await Promise.all([...readers.values()].map((reader) => reader.close()));
      for (const supervisor of groups.values()) supervisor.close();
    },
  };
}
