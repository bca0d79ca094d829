/* The service as an update sees it: started and stopped by the system, and what it says of itself. */
import * as z from "zod";
import type { Processes } from "../../device/base/ports.ts";
import { parseJson } from "../../device/codec/json.ts";
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";
import type { ReleaseFiles } from "./files.ts";
import type { ServiceWord } from "./judge.ts";

const UNIT = "yikatong.service";
const ASK_LIMIT_MS = 30_000;
/** A graceful stop ends or safely leaves what a card does; the unit's own limit is shorter. */
const STOP_LIMIT_MS = 180_000;
const STATUS_BYTES_MAX = 256 * 1024;
/** It writes every second. Older than this it hangs. */
const STATUS_AGE_MAX_MS = 10_000;

export interface ServiceControl {
  /** Whether any process of it is there, be it starting or ending. */
  isRunning(): Promise<boolean>;
  /** Resolves when no process of it is left. */
  stop(): Promise<void>;
  /** Asks for a start and does not wait: what becomes of it is the trial's matter. */
  start(): Promise<void>;
}

/** By the system's service manager; `program` is systemctl, or what stands for it. */
export function systemService(processes: Processes, { program, signal }: { readonly program: string; readonly signal: AbortSignal }): ServiceControl {
  const ask = (args: readonly string[], timeoutMs: number) => processes.run(program, args, { timeoutMs, signal });
  return {
    isRunning: async () => {
      const { stdout } = await ask(["show", "--property=ActiveState", "--property=SubState", UNIT], ASK_LIMIT_MS);
      const text = new TextDecoder().decode(stdout);
      // Between the starts of a crash loop there is no process, and an update may be what ends the loop.
      return /^ActiveState=(?!inactive$|failed$)./m.test(text) && !/^SubState=auto-restart/m.test(text);
    },
    stop: async () => {
      await ask(["stop", UNIT], STOP_LIMIT_MS);
    },
    start: async () => {
      // After a crash loop the manager refuses a start until the count of failures is forgotten.
      await ask(["reset-failed", UNIT], ASK_LIMIT_MS);
      await ask(["start", "--no-block", UNIT], ASK_LIMIT_MS);
    },
  };
}

const statusShape = z.object({
  v: z.literal(1),
  version: z.string(),
  pid: z.number(),
  terminalId: z.string(),
  uptimeMs: z.number(),
  readyAtMs: z.number(),
  loopLateMs: z.number(),
  journalSilentMs: z.number(),
  journal: z.object({ usedBytes: z.number(), limitBytes: z.number(), lastSeq: z.number(), receiptedThrough: z.number() }),
  cardPresent: z.boolean(),
  actsUnderWay: z.number(),
  held: z.boolean(),
  exposure: z.object({ count: z.number(), sumFen: z.number(), oldestAgeMs: z.number().optional(), unknown: z.number() }),
  clock: z.enum(["trusted", "held", "untrusted"]),
  link: z.object({ up: z.boolean(), hostPresent: z.boolean() }),
  devices: z.array(z.object({ role: z.string(), state: z.enum(["ready", "absent", "failed"]), code: z.string().optional() })),
});

/** What stands in the status file, or undefined. Never throws on any bytes. */
export function parseStatus(bytes: Uint8Array): RuntimeStatus | undefined {
  const json = parseJson(bytes, { maxBytes: STATUS_BYTES_MAX, maxDepth: 6, numbers: "finite" });
  const parsed = json.ok ? statusShape.safeParse(json.value) : undefined;
  if (parsed?.success !== true) return undefined;
  const { exposure, devices, ...rest } = parsed.data;
  const { oldestAgeMs, ...sums } = exposure;
  return {
    ...rest,
    exposure: { ...sums, ...(oldestAgeMs === undefined ? {} : { oldestAgeMs }) },
    devices: devices.map(({ code, ...device }) => ({ ...device, ...(code === undefined ? {} : { code }) })),
  };
}

export interface WordParts {
  readonly files: ReleaseFiles;
  readonly service: Pick<ServiceControl, "isRunning">;
  readonly statusFile: string;
  /** Of this machine since its start, as the service counts it. */
  readonly uptimeMs: () => number;
}

/** The service's word, as fresh as it writes it. */
export async function serviceWord({ files, service, statusFile, uptimeMs }: WordParts): Promise<ServiceWord> {
  if (!(await service.isRunning())) return { kind: "stopped" };
  const bytes = await files.read(statusFile, STATUS_BYTES_MAX);
  const status = bytes === undefined ? undefined : parseStatus(bytes);
  if (status === undefined) return { kind: "silent" };
  const ageMs = uptimeMs() - status.uptimeMs;
  return ageMs < -STATUS_AGE_MAX_MS || ageMs > STATUS_AGE_MAX_MS ? { kind: "silent" } : { kind: "says", status };
}
