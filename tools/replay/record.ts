/* Runs a workload under the tracer and gives what it did to its folder. */
import { spawn } from "node:child_process";
import { mkdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../../device/base/assert.ts";
import { type DiskEvent, readTrace, TRACED_CALLS } from "./trace.ts";

export interface Recording {
  /** Module that works on the folder given as its first argument and prints a line for each thing that is durable. */
  readonly workload: URL;
  /** An empty place of its own; the workload's folder is made below it. */
  readonly place: string;
  readonly args?: readonly string[];
  /** The tracer kills the workload when it enters its n-th flush of any file: the process dies, the system lives. */
  readonly killAtFlush?: number;
}

const STRING_BYTES_MAX = 16 * 1024 * 1024;
const RECORD_MAX_MS = 60_000;

/** Events of one run. Runs that share a place go on with what the run before left in the folder. */
export async function record(recording: Recording): Promise<readonly DiskEvent[]> {
  const folder = join(await realpath(recording.place), "data");
  await mkdir(folder, { recursive: true });
  const log = join(recording.place, `trace-${process.hrtime.bigint()}.log`);
  const kill = recording.killAtFlush === undefined ? [] : ["-e", `inject=fsync,fdatasync:signal=KILL:when=${recording.killAtFlush}`];
  const args = [
    "-f",
    "-y",
    "-xx",
    "-s",
    String(STRING_BYTES_MAX),
    "-e",
    `trace=${TRACED_CALLS.join(",")}`,
    "-e",
    "signal=none",
    ...kill,
    "-o",
    log,
    process.execPath,
    fileURLToPath(recording.workload),
    folder,
    ...(recording.args ?? []),
  ];
  const ended = await runTracer(args);
  assert(recording.killAtFlush !== undefined || ended.code === 0, `the workload ended with ${String(ended.code)}: ${ended.stderr.slice(-800)}`);
  return readTrace(await readFile(log, "latin1"), folder);
}

function runTracer(args: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    // Without io_uring the library's file calls are ordinary system calls, which the tracer sees.
    const child = spawn("strace", [...args], {
      env: { ...process.env, UV_USE_IO_URING: "0", NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: RECORD_MAX_MS,
      killSignal: "SIGKILL",
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
}
