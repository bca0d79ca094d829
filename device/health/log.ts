/* The log as people and collectors read it: one JSON line per event. What must never be printed has no way in (base/log.ts). */
import { type DestinationStream, pino } from "pino";
import { Hidden, type Log, type LogValue } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";

type Fields = Readonly<Record<string, LogValue>>;

function printable(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Hidden ? value.toString() : value]));
}

export type LogLevel = "info" | "warn" | "error";

/** A log whose owner decides what is worth a line. */
export interface LeveledLog extends Log {
  setLevel(level: LogLevel): void;
}

/** Opens a log that writes JSON lines to `destination`, stamped by the terminal's own clock. */
export function openLog(options: {
  readonly destination: DestinationStream;
  readonly clock: Clock;
  readonly terminalId: string;
  readonly level: LogLevel;
}): LeveledLog {
  const logger = pino(
    { level: options.level, base: { terminal: options.terminalId }, timestamp: () => `,"time":${options.clock.wallMs()}` },
    options.destination,
  );
  return {
    info: (event, fields = {}) => logger.info(printable(fields), event),
    warn: (event, fields = {}) => logger.warn(printable(fields), event),
    error: (event, fields = {}) => logger.error(printable(fields), event),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}
