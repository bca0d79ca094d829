/*
 * Goal: the service manager hears that the service is ready, that it lives, and that it stops.
 * Method: the runtime cannot send datagrams to a local socket, so a program of the system does it, in a process of its own; each word is bounded, and
 * one that is not delivered is logged and nothing more: the manager's own clock then decides. Spec: sd_notify(3).
 */
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Limits, Processes } from "../base/ports.ts";

/** What the manager gave this process to speak with. */
export type ManagerEnvironment = Readonly<Record<string, string | undefined>>;

export interface ServiceManager {
  /** How long the manager waits for a sign of life; undefined where it does not wait. */
  readonly watchdogMs: number | undefined;
  ready(limits: Limits): Promise<void>;
  alive(limits: Limits): Promise<void>;
  stopping(limits: Limits): Promise<void>;
}

const PROGRAM = "systemd-notify";
const MICROSECONDS = 1_000;

/** Undefined where nobody manages this process. */
export function serviceManager(
  environment: ManagerEnvironment,
  { processes, log }: { readonly processes: Pick<Processes, "run">; readonly clock: Clock; readonly log: Log },
): ServiceManager | undefined {
  if (environment["NOTIFY_SOCKET"] === undefined) return undefined;
  const tell = async (word: string, limits: Limits) => {
    try {
      const { code } = await processes.run(PROGRAM, [word], limits);
      if (code !== 0) log.warn("manager-not-told", { word, exitCode: code });
    } catch (error) {
      if (!isFault(error)) throw error;
      if (!limits.signal.aborted) log.warn("manager-not-told", { word, code: error.code });
    }
  };
  return {
    watchdogMs: watchdogOf(environment["WATCHDOG_USEC"]),
    ready: (limits) => tell("READY=1", limits),
    alive: (limits) => tell("WATCHDOG=1", limits),
    stopping: (limits) => tell("STOPPING=1", limits),
  };
}

function watchdogOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,14}$/.test(text)) return undefined;
  return Number(text) / MICROSECONDS;
}
