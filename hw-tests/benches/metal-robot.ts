/*
 * What a test of the way to metal needs: a robot as a program of its own, with this process behind it, and the command as people type it.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What one run of the command may take. */
export const RUN_LIMIT_MS = 150_000;
const COMMAND = [process.execPath, "tools/run.mjs", "hw-test"] as const;

/** `$0.sock` is where the robot says what it is to do; it is told "done", "yes", "no", or why that cannot be. */
const PROGRAM = `#!/bin/sh
answer=$(printf '%s\\n' "$@" | socat -t 10 - "UNIX-CONNECT:$0.sock")
case "$answer" in
  done | yes) exit 0 ;;
  no) exit 1 ;;
  *) echo "$answer" >&2; exit 2 ;;
esac
`;

/** What a robot does with each word that it knows; where it looks, what it sees. */
export type RobotWords = Readonly<Record<string, (detail: string) => unknown>>;

async function perform(words: RobotWords, heard: string): Promise<string> {
  const [word = "", ...detail] = heard.trimEnd().split("\n");
  const act = words[word];
  if (act === undefined) return `no such word: ${word}`;
  try {
    const seen = await act(detail.join("\n"));
    return typeof seen === "boolean" ? (seen ? "yes" : "no") : "done";
  } catch (error) {
    return `it failed: ${String(error)}`;
  }
}

/** Puts a robot into the folder that has to be given as its hand. */
export async function startRobot(folder: string, words: RobotWords): Promise<{ readonly program: string; readonly close: () => void }> {
  const program = join(folder, "robot");
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk.toString("utf8");
    });
    socket.on("error", () => undefined);
    socket.on("end", () => void perform(words, heard).then((answer) => socket.end(answer)));
  });
  await new Promise<void>((listening) => {
    server.listen(`${program}.sock`, listening);
  });
  return { program, close: () => void server.close() };
}

export interface HwTestEnd {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
  /** The last line that the command wrote. */
  readonly lastLine: string;
  readonly failures: readonly string[];
}

type Environment = Readonly<Record<string, string>>;

/** The variables of the runner that runs the test are none of the command's business. */
function start([program, ...args]: readonly [string, ...string[]], environment: Environment): ChildProcessWithoutNullStreams {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|HW$|NODE_OPTIONS$|NODE_ENV$|TEST$)/.test(name)));
  return spawn(program, args, { cwd: ROOT, env: { ...own, ...environment }, timeout: RUN_LIMIT_MS });
}

function ended(child: ChildProcessWithoutNullStreams): Promise<HwTestEnd> {
  return new Promise((done) => {
    let out = "";
    let error = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      error += chunk.toString("utf8");
    });
    child.on("close", (code) => {
      const lines = out.trimEnd().split(/\r?\n/);
      done({ code, out, error, lastLine: lines.at(-1) ?? "", failures: out.split(/^ {2}FAILED /m).slice(1) });
    });
  });
}

/** Writes the bench file into the folder and runs the command with it. */
export function runHwTest(folder: string, file: object, environment: Environment = { HW: "1" }): Promise<HwTestEnd> {
  return ended(start([...COMMAND, "--bench", written(folder, file)], environment));
}

/** The same on a screen of its own, before which a person reads and answers. */
export function runHwTestOnScreen(folder: string, file: { readonly name: string }, person: (question: string) => Promise<string>): Promise<HwTestEnd> {
  const command = `${COMMAND.join(" ")} --bench ${written(folder, file)}`;
  const child = start(["socat", "-t", "1", "STDIO", `EXEC:${command},pty,setsid,ctty,stderr,echo=0`], { HW: "1" });
  const asked = new RegExp(`${file.name}: ([^\\r\\n]*(?:press Enter when you are done or ready|\\(y or n\\)) )$`);
  let unread = "";
  child.stdout.on("data", (chunk: Buffer) => {
    unread += chunk.toString("utf8");
    const question = asked.exec(unread)?.[1];
    if (question === undefined) return;
    unread = "";
    void person(question).then((answer) => child.stdin.write(`${answer}\n`));
  });
  return ended(child);
}

function written(folder: string, file: object): string {
  const path = join(folder, "bench.json");
  writeFileSync(path, JSON.stringify(file));
  return path;
}
