/*
 * Programs that other people wrote to read cards, pointed at a private PC/SC service: what they make of the simulated card is an opinion
 * that nobody here could have influenced. Each runs in a home folder of its own and is ended by its process id when it takes too long.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface OtherReaders {
  /** A home folder for programs that keep files there. */
  readonly home: string;
  /** How the programs find the service. */
  readonly environment: Readonly<Record<string, string>>;
}

const SCAN_MS = 4_000;
const SET_UP_MS = 10_000;
const READING_MS = 60_000;
/** What a program that asks again and again may write before it is ended. */
const OUTPUT_BYTES_MAX = 1 << 20;

/** Why the lane cannot run here, in one line, or undefined. */
export function otherReadersObstacle(): string | undefined {
  const missing = ["pcsc_scan", "cardpeek", "xvfb-run"].filter((name) => spawnSync("which", [name], { stdio: "ignore" }).status !== 0);
  return missing.length === 0 ? undefined : `not installed: ${missing.join(", ")}`;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly limitMs: number;
  /** Answers to its questions; the input stays open after them. */
  readonly input?: string;
}

/** Runs a program until it ends or its time is over; resolves with what it wrote. */
function output(readers: OtherReaders, program: Program): Promise<string> {
  const env = { ...process.env, ...readers.environment, HOME: readers.home, LC_ALL: "C.UTF-8" };
  const child = spawn(program.command, [...program.args], { cwd: readers.home, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  let text = "";
  // A process group of its own: a wrapper's children end with it.
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(end, program.limitMs);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => {
      text += part;
      if (text.length > OUTPUT_BYTES_MAX) end();
    });
  }
  if (program.input !== undefined) child.stdin.write(program.input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      resolve(text.slice(0, OUTPUT_BYTES_MAX));
    });
  });
}

/** What `pcsc_scan` says of readers and cards; it scans until it is ended. Without a network it cannot look up cards that it does not know. */
export function scan(readers: OtherReaders): Promise<string> {
  const alone = process.getuid?.() === 0 ? "-n" : "-Urn";
  return output(readers, { command: "unshare", args: [alone, "pcsc_scan"], limitMs: SCAN_MS });
}

/** What cardpeek's own EMV script read. */
export interface PeekedCard {
  /** The tree of what it understood, as it saves it. */
  readonly view: string;
  /** Its record of the dialogue: one line for each command with status word and data. */
  readonly trace: string;
  readonly output: string;
}

/** Lets the program put its scripts into its home: it asks before, and its text mode can be answered. */
async function setUp(readers: OtherReaders): Promise<void> {
  mkdirSync(join(readers.home, ".cardpeek"), { recursive: true });
  await output(readers, { command: "cardpeek", args: ["-c", "-r", "none", "-e", "os.exit(0)"], limitMs: SET_UP_MS, input: "1\n1\n0\n" });
}

/** Runs the EMV script on the card in the reader of that name, on a display of its own. */
export async function peek(readers: OtherReaders, readerName: string): Promise<PeekedCard> {
  await setUp(readers);
  const { home } = readers;
  const script = join(home, "run.lua");
  writeFileSync(
    script,
    [
      `local root = "${home}/.cardpeek/"`,
      'package.path = root .. "scripts/?.lua;" .. package.path',
      // Whether it may send GET PROCESSING OPTIONS is the only thing it asks: yes.
      "ui.question = function(text, answers) return 1 end",
      'print(pcall(dofile, root .. "scripts/emv.lua"))',
      `ui.save_view("${home}/view.xml")`,
      `card.log_save("${home}/trace.clf")`,
      "io.stdout:flush()",
      "os.exit(0)",
    ].join("\n"),
  );
  const args = ["-a", "cardpeek", "-r", `pcsc://${readerName}`, "-e", `dofile("${script}")`];
  const said = await output(readers, { command: "xvfb-run", args, limitMs: READING_MS });
  return { view: readFileSync(join(home, "view.xml"), "utf8"), trace: readFileSync(join(home, "trace.clf"), "utf8"), output: said };
}
