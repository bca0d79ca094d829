/* The reader library of one terminal, from its configuration to its socket. */
import type { Log } from "../../base/log.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import { type ReaderLibraryConfig, SOCKET_MODES } from "../../config/reader-library.ts";
import { openReaderLibrary } from "./library.ts";
import type { ReaderLibraryPorts } from "./ports.ts";
import { type LibraryServer, serveReaderLibrary } from "./server.ts";

/** What only the terminal itself can give: its counter, its acts, its journal. */
export type ReaderPlace = Omit<ReaderLibraryPorts, "clock" | "log" | "randomness" | "provider" | "bounds">;

export interface LibraryMachine {
  readonly clock: Clock;
  readonly log: Log;
  readonly randomness: Randomness;
  /** Our own mistake came to light while a call was served; whoever assembled the terminal ends the process. */
  readonly onDefect: (error: unknown) => void;
}

/** Serves programs at the configured socket until it is closed. Faults: "config-invalid" when the socket cannot be made. */
export function openTerminalLibrary(place: ReaderPlace, config: ReaderLibraryConfig, machine: LibraryMachine): Promise<LibraryServer> {
  const { clock, log, randomness, onDefect } = machine;
  const library = openReaderLibrary({ ...place, clock, log, randomness, provider: config.provider });
  return serveReaderLibrary({ library, clock, log, onDefect, socketPath: config.socket, mode: SOCKET_MODES[config.access] });
}
