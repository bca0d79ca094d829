/*
 * What the settlement host may change and order at this terminal, joined to this machine: parameters over the configuration, and orders. Both are kept
 * beside the journal. A start for new parameters, or by order, comes when nothing is under way. A terminal that is to end uploads what it has, begins
 * nothing new, and ends in its next start, while nobody has the journal open.
 */
import { join } from "node:path";
import { utf8 } from "../base/bytes.ts";
import { Fault, isFault } from "../base/fault.ts";
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
/** A disk that is full, or a journal that writes nothing more in this life, is looked at again so late. */
const REST_AFTER_FAULT_MS = 60_000;
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
  /** A new start is due for another reason than the host's order: it comes, like every new start, when nothing is under way. */
  startSoon(): void;
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

interface RemoteOptions {
  readonly storage: Storage;
  readonly log: LeveledLog;
  /** Whether this machine became the terminal by a claim: what never began in that way cannot end in it. */
  readonly claimed: boolean;
}

/** Faults: those of the storage. */
export async function openRemote(stored: TerminalConfig, { storage, log, claimed }: RemoteOptions): Promise<RemotePlace> {
  // A parsed configuration is plain data.
  const plain = JSON.parse(JSON.stringify(stored)) as JsonValue;
  const parameters = await openRemoteParameters({ storage, log, stored: plain, problemOf });
  const parsed = parseTerminalConfig(parameters.effective);
  const wishes = { start: false, soon: false, end: claimed && (await storage.read(ENDING_FILE)) !== undefined };
  const startAnew = () => {
    wishes.start = true;
  };
  let commands: RemoteCommands | undefined;
  return {
    ending: wishes.end,
    config: parsed.ok ? parsed.config : stored,
    parameters: parameters.inForce(),
    startSoon: () => {
      wishes.soon = true;
    },
    takers: async (own) => {
      const acts: RemoteActs = {
        restart: startAnew,
        setLogLevel: (level) => log.setLevel(level),
        drain: () => own.urge(),
        // Keys and certificates are read at the start, and nowhere else.
        reloadKeys: () => Promise.resolve(startAnew()),
        decommission: async () => {
          // Closed doors and a start that fails for ever would be all that comes of it.
          if (!claimed) throw new Fault("not-claimed", "this machine is nobody's terminal by a claim; a person ends it", { effectUnknown: false });
          await storage.write(ENDING_FILE, utf8("ordered\n"));
          wishes.end = true;
        },
      };
      commands = await openRemoteCommands({ storage, journal: own.journal, log, acts });
      return [commands.taker, parameters.taker];
    },
    watch: (parts) => watchLoop({ parameters, parts, wishes, log, resume: async () => commands?.resume() }),
  };
}

interface Watching {
  readonly parameters: RemoteParameters;
  readonly parts: WatchParts;
  /** `start`: by the host's order; `soon`: for a reason of this machine. */
  readonly wishes: { start: boolean; readonly soon: boolean; readonly end: boolean };
  readonly log: LeveledLog;
  readonly resume: () => Promise<void>;
}

/** Faults of storage and journal are waited for: a terminal that cannot write what it was ordered still sells and uploads. */
async function watchLoop(watching: Watching): Promise<void> {
  const { parts, wishes, log } = watching;
  const { clock, signal } = parts;
  const progress = { begunMs: clock.monotonicMs(), resumed: false, confirmed: false };
  while (!signal.aborted) {
    let restMs = LOOK_MS;
    if (wishes.end) parts.close();
    try {
      if (!progress.resumed) await resumeOrders(watching);
      progress.resumed = true;
      if ((await isDue(watching, progress)) && !parts.busy()) {
        parts.startAnew();
        return;
      }
    } catch (error) {
      if (!isFault(error)) throw error;
      log.warn("remote-not-looked-after", { code: error.code });
      restMs = REST_AFTER_FAULT_MS;
    }
    await clock.sleep(restMs, signal).catch(() => undefined);
  }
}

/** An order of a new start that cannot be told is over in no life; it counts only when it was told, or each start would ask for the next one. */
async function resumeOrders({ resume, wishes }: Watching): Promise<void> {
  const { start } = wishes;
  try {
    await resume();
  } catch (error) {
    wishes.start = start;
    throw error;
  }
}

async function isDue({ parameters, parts, wishes }: Watching, progress: { readonly begunMs: number; confirmed: boolean }): Promise<boolean> {
  if (!progress.confirmed && parts.clock.monotonicMs() - progress.begunMs >= GOOD_AFTER_MS) {
    await parameters.confirm();
    progress.confirmed = true;
  }
  const now = parts.trustedMs();
  if (wishes.start || wishes.soon || (now !== undefined && (await parameters.due(now)))) return true;
  return wishes.end && (await parts.settled());
}
