/*
 * The hand at a desk: a person who follows lines on the screen, or a program (a relay, a robot) that is run with what to do as its argument. It
 * says when it is ready: what is done to a device that asks (a PIN, a passage) is done when the device does ask.
 */
import { accessSync, closeSync, constants, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { ReadStream } from "node:tty";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Processes } from "../../device/base/ports.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";

/** What is done, as a person reads it; `detail` says which device, direction or code. */
const ACTS = {
  insert: () => "put the card on the reader, or into it",
  remove: () => "take the card away",
  unplug: (detail: string) => `pull the plug of the ${detail}`,
  "plug-in": (detail: string) => `put the plug of the ${detail} back in`,
  pass: (detail: string) => `when the gate opens: pass it${detail === "" ? "" : ` (${detail})`}`,
  stay: () => "when the gate opens: stay where you are",
  "turn-back": () => "when the gate opens: go in, and come back",
  "press-right-pin": () => "when you are asked: type the right PIN and confirm",
  "press-wrong-pin": () => "when you are asked: type a wrong PIN and confirm",
  "press-cancel": () => "when you are asked: press cancel",
  "press-nothing": () => "when you are asked: press nothing and wait",
  scan: (detail: string) => `scan this code: ${Buffer.from(detail, "hex").toString("utf8")}`,
  "press-keys": (detail: string) => `press these keys of the keypad: ${detail}`,
  "paper-low": () => "put a roll into the printer that is nearly used up",
  "paper-end": () => "take the paper out of the printer",
  "cover-open": () => "open the cover of the printer",
  offline: () => "take the printer off line",
  error: () => "bring about an error of the printer",
  repair: () => "put the printer right again",
} as const satisfies Readonly<Record<string, (detail: string) => string>>;

/** What is looked at. */
const SIGHTS = {
  "gate-open": () => "is the gate open?",
  paper: (detail: string) => `do these lines stand on the end of the paper?\n${detail}\n`,
  display: (detail: string) => `does the display show ${detail}?`,
} as const satisfies Readonly<Record<string, (detail: string) => string>>;

export type HandAct = keyof typeof ACTS;
export type HandSight = keyof typeof SIGHTS;

export interface Hand {
  /** How long it may take for what a device waits for. */
  readonly handMs: number;
  /** Resolves when it is done, or when the hand is ready for a device that will ask. Faults: "timeout", "process-failed". */
  does(act: HandAct, detail?: string): Promise<void>;
  /** Looks, and says whether it is so. Faults: as above. */
  sees(sight: HandSight, detail?: string): Promise<boolean>;
}

const HAND_LIMIT_MS = 120_000;
const PERSON_MS = 60_000;
const PROGRAM_MS = 5_000;
const SCREEN = "/dev/tty";
const ANSWERS_MAX = 10;

/** Why this hand cannot be asked, or undefined. */
export function handObstacle(hand: string): string | undefined {
  try {
    if (hand === "person") closeSync(openSync(SCREEN, "r+"));
    else accessSync(hand, constants.X_OK);
  } catch {
    return hand === "person" ? "there is no screen with a person before it" : `${hand} is no program that can be run`;
  }
  return undefined;
}

/** Asks on the screen; the runner keeps the standard input of test processes for itself. */
async function ask(question: string): Promise<string> {
  const screen = openSync(SCREEN, "r+");
  writeSync(screen, question);
  const input = new ReadStream(screen);
  const lines = createInterface({ input, terminal: false });
  try {
    const answer = new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("close", () => reject(new Fault("process-failed", "the screen is gone", { effectUnknown: true })));
    });
    return await withDeadline(answer, { ...limits(HAND_LIMIT_MS), clock: systemClock(), what: "the person at the desk", effectUnknown: true });
  } finally {
    lines.close();
    input.destroy();
  }
}

function personHand(desk: string): Hand {
  return {
    handMs: PERSON_MS,
    does: async (act, detail = "") => {
      await ask(`\n${desk}: ${ACTS[act](detail)}; press Enter when you are done or ready `);
    },
    sees: async (sight, detail = "") => {
      for (let asked = 0; asked < ANSWERS_MAX; asked += 1) {
        const answer = (await ask(`\n${desk}: ${SIGHTS[sight](detail)} (y or n) `)).trim().toLowerCase();
        if (answer === "y" || answer === "n") return answer === "y";
      }
      throw new Fault("process-failed", "the person at the desk says neither yes nor no", { effectUnknown: false });
    },
  };
}

/** Exit code 0: done, or yes. 1: no. Anything else: the hand failed. */
function programHand(program: string, processes: Processes): Hand {
  const run = async (words: readonly string[], codes: readonly number[]) => {
    const { code, stderr } = await processes.run(program, words, limits(HAND_LIMIT_MS));
    if (codes.includes(code)) return code;
    throw new Fault("process-failed", `${program} ${words[0] ?? ""}: exit code ${code} ${new TextDecoder().decode(stderr).trim()}`, { effectUnknown: true });
  };
  const words = (word: string, detail: string | undefined) => (detail === undefined ? [word] : [word, detail]);
  return {
    handMs: PROGRAM_MS,
    does: async (act, detail) => void (await run(words(act, detail), [0])),
    sees: async (sight, detail) => (await run(words(sight, detail), [0, 1])) === 0,
  };
}

export function openHand(file: { readonly name: string; readonly hand: string }): Hand {
  return file.hand === "person" ? personHand(file.name) : programHand(file.hand, systemProcesses());
}
