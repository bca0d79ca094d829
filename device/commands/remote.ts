/*
 * What the settlement host may change and order at this terminal, joined to this machine: parameters over the configuration, and orders. Both are kept
 * beside the journal. A start for new parameters, or by order, comes when nothing is under way. A terminal that is to end uploads what it has, begins
 * nothing new, and ends in its next start, while nobody has the journal open.
 */
import { join } from "node:path";
import { utf8 } from "../base/bytes.ts";
import type { Clock, Storage } from "../base/ports.ts";
import type { JsonValue } from "../codec/json.ts";
import { parseTerminalConfig, type TerminalConfig } from "../config/schema.ts";
import type { LeveledLog } from "../health/log.ts";
import { openRemoteCommands, type RemoteActs, type RemoteCommands } from "../remote/commands.ts";
import { openRemoteParameters, type RemoteParameters } from "../remote/parameters.ts";
import type { TakerPlace } from "../terminal-parts.ts";
import type { DocumentTaker } from "../txn/hosts.ts";

/** The service manager starts a service that ends with this; it is no failure. */
export const EXIT_START_ANEW = 75;

const LOOK_MS = 1_000;
/** A service that has served so long has come up. */
const GOOD_AFTER_MS = 120_000;

/** Durable as soon as the end is ordered, until it has come. */
const ENDING_FILE = "ending";

export interface RemotePlace {
  /** The host has ordered the end of this terminal. */
  readonly ending: boolean;
  /** The configuration that this start is under. */
  readonly config: TerminalConfig;
  /** Id of the set of parameters that this start is under; undefined: none. */
  readonly parameters: string | undefined;
  takers(own: TakerPlace): Promise<readonly DocumentTaker[]>;
  /** Looks after orders and parameters until it is told to stop; `startAnew` is called once, when a new start is due and nothing is under way. */
  watch(parts: WatchParts): Promise<void>;
}

export interface WatchParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Earliest that the trusted time may be; undefined: nobody knows. */
  readonly trustedMs: () => number | undefined;
  readonly busy: () => boolean;
  /** Every record is at the host, and nothing is open. */
  readonly settled: () => Promise<boolean>;
  /** Lets nothing new begin. */
  readonly close: () => void;
  readonly startAnew: () => void;
}

function problemOf(config: JsonValue): string | undefined {
  const parsed = parseTerminalConfig(config);
  return parsed.ok ? undefined : (parsed.problems[0] ?? "");
}

/** Where orders and parameters are kept. */
export function remoteFolderOf({ journal }: TerminalConfig): string {
  return join(journal.folder, "remote");
}

/** Faults: those of the storage. */
export async function openRemote(stored: TerminalConfig, { storage, log }: { readonly storage: Storage; readonly log: LeveledLog }): Promise<RemotePlace> {
  // A parsed configuration is plain data.
  const plain = JSON.parse(JSON.stringify(stored)) as JsonValue;
  const parameters = await openRemoteParameters({ storage, log, stored: plain, problemOf });
  const parsed = parseTerminalConfig(parameters.effective);
  const wishes = { start: false, end: (await storage.read(ENDING_FILE)) !== undefined };
  const startAnew = () => {
    wishes.start = true;
  };
  let commands: RemoteCommands | undefined;
  return {
    ending: wishes.end,
    config: parsed.ok ? parsed.config : stored,
    parameters: parameters.inForce(),
    takers: async (own) => {
      const acts: RemoteActs = {
        restart: startAnew,
        setLogLevel: (level) => log.setLevel(level),
        drain: () => own.urge(),
        // Keys and certificates are read at the start, and nowhere else.
        reloadKeys: () => Promise.resolve(startAnew()),
        decommission: async () => {
          await storage.write(ENDING_FILE, utf8("ordered\n"));
          wishes.end = true;
        },
      };
      commands = await openRemoteCommands({ storage, journal: own.journal, log, acts });
      return [commands.taker, parameters.taker];
    },
    watch: async (parts) => {
      await commands?.resume();
      await watchLoop(parameters, parts, wishes);
    },
  };
}

async function watchLoop(parameters: RemoteParameters, parts: WatchParts, wishes: { readonly start: boolean; readonly end: boolean }): Promise<void> {
  const { clock, signal } = parts;
  const began = clock.monotonicMs();
  let confirmed = false;
  while (!signal.aborted) {
    if (!confirmed && clock.monotonicMs() - began >= GOOD_AFTER_MS) {
      await parameters.confirm();
      confirmed = true;
    }
    if (wishes.end) parts.close();
    const now = parts.trustedMs();
    const due = now !== undefined && (await parameters.due(now));
    const ended = wishes.end && (await parts.settled());
    if ((due || wishes.start || ended) && !parts.busy()) {
      parts.startAnew();
      return;
    }
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}
