/* For tests: every kind of serial device on a pseudo terminal, and the command as a process of its own beside them. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SimulatedLed8 } from "../../simulators/display/led8.ts";
import { SimulatedDigiconBoard } from "../../simulators/gate/digicon-board.ts";
import { SimulatedFeBoard } from "../../simulators/gate/fe-board.ts";
import { SimulatedRelayBoard } from "../../simulators/gate/relay-board.ts";
import { PtyDevice } from "../../simulators/line/pty.ts";
import { ScriptedHolder } from "../../simulators/pinpad/holder.ts";
import { SimulatedNewlandPad } from "../../simulators/pinpad/newland.ts";
import { SimulatedPad02h } from "../../simulators/pinpad/pad-02h.ts";
import { SimulatedPrinter } from "../../simulators/printer/escpos-printer.ts";
import { SimulatedLineScanner } from "../../simulators/scanner/line-scanner.ts";
import { utf8 } from "../base/bytes.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { systemClock } from "../system/clock.ts";

/** Kinds of device on the desk. */
export const KINDS = ["padSplit", "padBinary", "padNewland", "printer", "display", "scanner", "gateFe", "gateDigicon", "gateRelay"] as const;
export type Kind = (typeof KINDS)[number];

/** What a walker did not do yet: nobody stands at the gates. */
const NOBODY = { walk: "stays", afterMs: 0 } as const;
const HOLDER = [{ kind: "enters", digits: "246813" }] as const;
/** What the display shows at first, so that a probe that cleared it would be seen. */
const SHOWN_AT_FIRST = "12.34";

function simulators() {
  const clock = systemClock();
  const suite = openCipherSuite();
  const holders = { split: new ScriptedHolder(HOLDER), binary: new ScriptedHolder(HOLDER), newland: new ScriptedHolder(HOLDER) };
  return {
    holders,
    padSplit: new SimulatedPad02h({ clock, suite, holder: holders.split }),
    padBinary: new SimulatedPad02h({ clock, suite, holder: holders.binary, settings: { coding: "binary" } }),
    padNewland: new SimulatedNewlandPad({ clock, suite, holder: holders.newland }),
    printer: new SimulatedPrinter({ clock }),
    display: new SimulatedLed8(),
    scanner: new SimulatedLineScanner({ clock, settings: { end: "\r", identifier: "sent" } }),
    gateFe: new SimulatedFeBoard({ clock, walker: { ...NOBODY }, settings: { feStatusQuery: "off", boardPassageMs: 1_000 } }),
    gateDigicon: new SimulatedDigiconBoard({ clock, walker: { ...NOBODY }, settings: { digiconDirection: "right-to-left" } }),
    gateRelay: new SimulatedRelayBoard({ clock, settings: { unit: 1, relayFlash: "waveshare0200" } }),
  };
}

/** All kinds on ptys in one folder; each where `names` says, and none that has no name. */
export class SerialDesk {
  readonly folder: string;
  readonly simulated = simulators();
  readonly #lines = new Map<Kind, PtyDevice>();

  constructor(names: Partial<Readonly<Record<Kind, string>>>) {
    this.folder = mkdtempSync(join(tmpdir(), "ykt-desk-"));
    for (const kind of KINDS) {
      const name = names[kind];
      if (name !== undefined) this.#lines.set(kind, new PtyDevice(join(this.folder, name)));
    }
  }

  async plugIn(): Promise<void> {
    for (const [kind, line] of this.#lines) {
      this.simulated[kind].attach(line);
      await line.plugIn();
    }
    const display = this.#lines.get("display");
    if (display === undefined) return;
    writeFileSync(display.path, utf8(`\u001bQA${SHOWN_AT_FIRST}\r`));
    while (this.simulated.display.shown.text !== SHOWN_AT_FIRST) await systemClock().sleep(5);
  }

  path(kind: Kind): string {
    return this.#lines.get(kind)?.path ?? "";
  }

  async unplug(kind: Kind): Promise<void> {
    await this.#lines.get(kind)?.unplug();
  }

  /** What was done at the devices: passages, paper, PIN entries, keys, amounts. */
  get record() {
    const { holders, padNewland, printer, display, gateFe, gateDigicon, gateRelay } = this.simulated;
    return {
      asked: [holders.split.asked, holders.binary.asked, holders.newland.asked],
      newlandKeys: padNewland.commands.filter((code) => code !== 0xd6),
      paper: printer.paper.pieces.length,
      shown: display.shown.text,
      initialized: display.initialized,
      opened: [...gateFe.opened, ...gateDigicon.opened],
      switchedOn: gateRelay.switchedOn,
      open: [gateFe.isOpen, gateDigicon.isOpen, gateRelay.isOpen],
    };
  }

  async close(): Promise<void> {
    for (const line of this.#lines.values()) await line.unplug();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A record of devices at which nothing was done. */
export const UNTOUCHED = {
  asked: [0, 0, 0],
  newlandKeys: [],
  paper: 0,
  shown: SHOWN_AT_FIRST,
  initialized: 0,
  opened: [],
  switchedOn: [],
  open: [false, false, false],
};

export interface CommandRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the commands print with `--json`, as far as tests look at it. */
export interface ListJson {
  readonly found: readonly { readonly path: string; readonly takenFor: unknown; readonly why: string; readonly heldBy?: string }[];
  readonly roles: readonly { readonly role: string; readonly state: string }[];
}

export interface ProbeJson {
  readonly devices: Readonly<Record<string, unknown>>;
  readonly untold: readonly string[];
  readonly open: readonly string[];
  readonly conflicts: readonly string[];
  readonly losses: readonly string[];
  readonly saved: boolean;
}

/** One JSON object on one line, and nothing else. */
export function jsonOf<Shape>({ stdout, stderr }: CommandRun): Shape {
  if (!/^\{.*\}\n$/.test(stdout)) throw new Error(`no single JSON line: ${stdout}${stderr}`);
  // The shape is what the tests look at next.
  return JSON.parse(stdout) as Shape;
}

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** Runs `yikatong` to its end. `before`: a program with its arguments that starts it. */
export async function runYikatong(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly before?: readonly string[] } = {},
): Promise<CommandRun> {
  const [program = process.execPath, ...rest] = [...(options.before ?? []), process.execPath, CLI, ...args];
  const child = spawn(program, rest, { env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
  const told = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (part: string) => {
      told[stream] += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...told }));
  });
}
