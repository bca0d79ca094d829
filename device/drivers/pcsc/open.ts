/* The PC/SC adapter: readers by rule, each group of them in its own supervised process. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Processes } from "../../base/ports.ts";
import type { CardReader, PinChanger, PinVerifier } from "../ports.ts";
import { PcscPinChanger } from "./pin-changer.ts";
import { PcscPinVerifier, type PinVerifierOptions } from "./pin-verifier.ts";
import { PcscReader, type ReaderRule } from "./reader.ts";
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

export interface Pcsc {
  /** The reader that plays a role. The same rule always means the same place. */
  reader(rule: ReaderRule): CardReader;
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
  const readers: CardReader[] = [];
  const supervisorOf = (group: string): PcscSupervisor => {
    const known = groups.get(group) ?? new PcscSupervisor({ processes, clock, log, module, env });
    groups.set(group, known);
    return known;
  };
  return {
    reader(rule) {
      const reader = new PcscReader(supervisorOf(rule.group ?? (rule.interface === "sam" ? "modules" : "cards")), clock, rule);
      readers.push(reader);
      return reader;
    },
    async ready(limits) {
      await Promise.all([...groups.values()].map((supervisor) => supervisor.ready(limits)));
    },
    pinVerifier: (pin) => new PcscPinVerifier(pin),
    pinChanger: (pin) => new PcscPinChanger(pin),
    async close() {
      await Promise.all(readers.map((reader) => reader.close()));
      for (const supervisor of groups.values()) supervisor.close();
    },
  };
}
