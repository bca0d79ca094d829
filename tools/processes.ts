/* Child processes for the lanes: always with a time limit, and with their whole group ended when it passes. */
import { spawn } from "node:child_process";

/** The end of a program: its code (undefined when a signal or the limit ended it) and what it wrote. */
export interface Ended {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly tookMs: number;
}

export interface RunOptions {
  readonly limitMs: number;
  readonly environment?: Readonly<Record<string, string>>;
}

const OUTPUT_CHARACTERS_MAX = 64 * 1024 * 1024;

/** Runs a program to its end, or kills its process group when the limit has passed. Never rejects. */
export function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, env: { ...process.env, ...options.environment } });
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child.pid);
    }, options.limitMs);
    child.stdout.on("data", (chunk: Buffer) => {
      if (stdout.length < OUTPUT_CHARACTERS_MAX) stdout += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < OUTPUT_CHARACTERS_MAX) stderr += chunk.toString("utf8");
    });
    const finish = (code: number | undefined, remark: string) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr: stderr + remark, timedOut, tookMs: performance.now() - began });
    };
    child.on("error", (error) => finish(undefined, error.message));
    child.on("close", (code) => finish(code ?? undefined, ""));
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // The group may have ended by itself between the decision and the signal.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
