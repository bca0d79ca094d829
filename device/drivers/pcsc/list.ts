/* The readers that the PC/SC service knows, and what lies in them, without powering anything. */
import { existsSync } from "node:fs";
import type { Limits } from "../../base/ports.ts";
import type { PcscOptions } from "./open.ts";
import { STATE_MUTE, STATE_PRESENT, STATE_UNAVAILABLE } from "./protocol.ts";
import { PcscSupervisor, type ReaderState } from "./supervisor.ts";

export interface ListedReader {
  readonly name: string;
  /** "mute": something lies there that does not answer; readers of some makers show an empty module slot so. */
  readonly holds: "card" | "nothing" | "mute" | "unavailable";
}

/** Readers come one after the other; when none has come for so long, all are there. */
const QUIET_MS = 400;
const LOOKS_MAX = 20;
/** Where the service listens unless it is told otherwise; started on demand or not, its socket is there. */
const SOCKET = "/run/pcscd/pcscd.comm";
/** Without a socket there will hardly be a service. */
const NO_SOCKET_MS = 1_000;

function holds({ state }: ReaderState): ListedReader["holds"] {
  if ((state & STATE_UNAVAILABLE) !== 0) return "unavailable";
  if ((state & STATE_PRESENT) === 0) return "nothing";
  return (state & STATE_MUTE) === 0 ? "card" : "mute";
}

/** Faults: "reader-service-gone" where no service answers in time, "cancelled". */
export async function listReaders(options: Omit<PcscOptions, "module">, limits: Limits): Promise<readonly ListedReader[]> {
  const module = new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url);
  const listens = existsSync(options.env?.["PCSCLITE_CSOCK_NAME"] ?? process.env["PCSCLITE_CSOCK_NAME"] ?? SOCKET);
  const supervisor = new PcscSupervisor({ ...options, module, env: options.env ?? {} });
  try {
    await supervisor.ready({ timeoutMs: listens ? limits.timeoutMs : Math.min(NO_SOCKET_MS, limits.timeoutMs), signal: limits.signal });
    let heard = 1;
    const stop = supervisor.onChange(() => {
      heard += 1;
    });
    for (let looks = 0; looks < LOOKS_MAX && heard > 0; looks += 1) {
      heard = 0;
      await options.clock.sleep(QUIET_MS, limits.signal);
    }
    stop();
    return supervisor.readers().map((reader) => ({ name: reader.name, holds: holds(reader) }));
  } finally {
    supervisor.close();
  }
}
