/*
 * The product's drivers in a virtual machine with a kernel of Debian's: real USB, CCID, hidraw and USB serial, with devices that are
 * really unplugged. One boot serves all cases; a case that the guest did not report has failed. docs/device-vm.md says what is real there.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASES } from "./device-vm/cases.ts";
import { Desk } from "./device-vm/desk.ts";
import { guestCode } from "./device-vm/guest-code.ts";
import { guestInitrd } from "./device-vm/initrd.ts";
import { type GuestKernel, guestKernel } from "./device-vm/kernel.ts";
import { lastWords, Machine, machineObstacle } from "./device-vm/machine.ts";
import { type CaseReport, type GuestLine, type HostLine, lineOf } from "./device-vm/messages.ts";

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(PROJECT, "build", "device-vm");
const CONSOLE = join(CACHE, "console.log");
const RUN_LIMIT_MS = 430_000;

interface Prepared {
  readonly kernel: GuestKernel;
  readonly main: string;
}

/** What the machine is made of, or why it cannot be made here, in one line. */
function prepare(): Prepared | string {
  const obstacle = machineObstacle();
  if (obstacle !== undefined) return obstacle;
  const kernel = guestKernel(CACHE);
  if (kernel === undefined) return "no kernel package is to be had (apt-get download)";
  const main = guestCode(CACHE, PROJECT);
  return main === undefined ? "the project is not compiled" : { kernel, main };
}

const prepared = prepare();

/** Serves the guest until it says that it is done, or stops. */
async function serve(machine: Machine, reports: Map<string, CaseReport>): Promise<void> {
  const talk = await machine.connect("talk");
  const desk = await Desk.open(machine);
  const answer = (line: HostLine) => void talk.write(`${JSON.stringify(line)}\n`);
  const done = new Promise<void>((resolve) => {
    createInterface({ input: talk }).on("line", (text) => {
      const line = lineOf<GuestLine>(text);
      if (line?.is === "case") reports.set(line.name, line);
      if (line?.is === "end") resolve();
      if (line?.is !== "ask") return;
      const { id, act } = line;
      desk.do(act).then(
        (told) => answer({ id, told }),
        (error: unknown) => answer({ id, told: [], failure: String(error) }),
      );
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, RUN_LIMIT_MS);
  });
  await Promise.race([done, machine.stopped, late]);
  clearTimeout(timer);
  desk.close();
  talk.destroy();
}

function tell(reports: Map<string, CaseReport>, tookMs: number): void {
  const lines = [...reports.values()].map(({ name, detail, tookMs: caseMs }) => `device VM: ${name} (${(caseMs / 1_000).toFixed(1)} s): ${detail}\n`);
  const text = `${lines.join("")}device VM: one boot for all, ${(tookMs / 1_000).toFixed(1)} s\n`;
  process.stdout.write(text);
  writeFileSync(join(CACHE, "report.txt"), text);
}

describe.skipIf(typeof prepared === "string")(`devices of a virtual machine${typeof prepared === "string" ? ` (${prepared})` : ""}`, () => {
  const reports = new Map<string, CaseReport>();
  let machine: Machine | undefined;

  beforeAll(async () => {
    if (typeof prepared === "string") return;
    const beganMs = performance.now();
    const { kernel, main } = prepared;
    const environment = { VM_PROJECT: PROJECT, VM_NODE: process.execPath, VM_MAIN: main, VM_LIMIT_SECONDS: String(RUN_LIMIT_MS / 1_000) };
    const initrd = guestInitrd(CACHE, kernel, { script: join(PROJECT, "hw-tests", "device-vm", "guest", "start.sh"), environment });
    machine = await Machine.start({ kernel, initrd, console: CONSOLE });
    await serve(machine, reports);
    tell(reports, performance.now() - beganMs);
  }, RUN_LIMIT_MS + 30_000);

  afterAll(() => machine?.stop());

  it.each(CASES)("%s", (name) => {
    const report = reports.get(name);
    expect(report?.failure ?? (report === undefined ? `not reported; the console's last words:\n${lastWords(CONSOLE)}` : "passed")).toBe("passed");
  });
});
