/*
 * `yikatong update`: judges, applies and tells of releases. Runs as root, because releases belong to root; whatever touches the journal
 * runs as the service's user.
 */
import { readFile, unlink } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { machineFiles } from "../../provisioning/release/files.ts";
import type { JudgeLimits } from "../../provisioning/release/judge.ts";
import { type ReleasePlace, releasePlace } from "../../provisioning/release/place.ts";
import { serviceWord, systemService } from "../../provisioning/release/service.ts";
import {
  applyBundle,
  checkBundle,
  checkMoment,
  type UpdateOutcome,
  type UpdateParts,
  type UpdateRequest,
  updateStatus,
} from "../../provisioning/release/update.ts";
import { Fault } from "../base/fault.ts";
import { SILENT } from "../base/log.ts";
import type { Storage } from "../base/ports.ts";
import { loadConfig } from "../config/load.ts";
import { CONFIG_SLOTS } from "../config/store.ts";
import { INSTALLED_CONFIG, journalPlaceProblem, UPDATE_DEFAULTS, type UpdateConfig } from "../config/update.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { systemClock } from "../system/clock.ts";
import { type Command, countOption, type OptionValues } from "../system/command-line.ts";
import { machineUptime } from "../system/machine-uptime.ts";
import { systemProcesses } from "../system/processes.ts";
import { complain, say } from "./output.ts";

/** Exit codes; 0 is "done" or "would be done", 2 is wrong usage. */
const EXIT_FAILED = 1;
const EXIT_LATER = 3;
const EXIT_NEVER = 4;

const SERVICE_USER = "yikatong";
const MEGABYTE = 1024 * 1024;
const QUIET_WAIT_MS = 120_000;
const WAKE_WAIT_MS = 60_000;
const FEN_MAX = 999_999_999;

const OPTIONS = {
  root: { type: "string", summary: "another root than /, for images and tests", default: "/" },
  "exposure-limit-fen": { type: "string", summary: "money without a receipt that an update may stand beside; left out: as configured" },
  "unknown-max": { type: "string", summary: "sales of unknown end that an update may stand beside; left out: as configured" },
  systemctl: { type: "string", summary: "program that starts and stops the service", default: "systemctl" },
  json: { type: "boolean", summary: "one JSON object instead of lines" },
} as const;

/** Reads and nothing else: the folder belongs to the service, which may be writing. */
function readOnly(folder: string): Storage {
  const refuse = () => Promise.reject(new Fault("store-broken", "this folder is only read", { effectUnknown: false }));
  return {
    read: (name) =>
      readFile(join(folder, name)).then(
        (bytes) => new Uint8Array(bytes),
        () => undefined,
      ),
    write: refuse,
    remove: refuse,
    list: () => Promise.resolve(CONFIG_SLOTS),
  };
}

interface Terminal extends Pick<UpdateParts, "profile" | "terminalId" | "journalElsewhere"> {
  readonly update: UpdateConfig;
}

/** Who this terminal is, and beside what it may be updated. Where no configuration says otherwise it counts as one in production. */
async function terminalOf(place: ReleasePlace): Promise<Terminal> {
  try {
    const loaded = await loadConfig({ storage: readOnly(place.config), suite: openCipherSuite(), log: SILENT });
    if (loaded.kind === "ready") {
      const { profile, terminalId, update } = loaded.config;
      return { profile, terminalId, update, journalElsewhere: journalPlaceProblem(INSTALLED_CONFIG, loaded.config) };
    }
  } catch {
    // A configuration that cannot be read must not keep out the release that can read it.
  }
  return { profile: "production", terminalId: undefined, update: UPDATE_DEFAULTS };
}

function asService(): readonly string[] {
  if (userInfo().uid !== 0) return [];
  return ["setpriv", `--reuid=${SERVICE_USER}`, `--regid=${SERVICE_USER}`, "--init-groups"];
}

/** What the configuration says, and what somebody at the keyboard says instead; undefined when that is no number. */
function limitsOf(values: OptionValues, update: UpdateConfig): JudgeLimits | undefined {
  const said = (name: string, configured: number) => (values[name] === undefined ? configured : countOption(values, name, { min: 0, max: FEN_MAX }));
  const [exposureFenMax, unknownMax] = [said("exposure-limit-fen", update.exposureLimitFen), said("unknown-max", update.unknownMax)];
  if (exposureFenMax === undefined || unknownMax === undefined) return undefined;
  return { exposureFenMax, unknownMax, spareBytes: update.spareMegabytes * MEGABYTE, clock: update.clock };
}

async function partsOf(values: OptionValues, signal: AbortSignal): Promise<UpdateParts | string> {
  const root = String(values["root"]);
  const place = releasePlace(root);
  const { update, ...terminal } = await terminalOf(place);
  const limits = limitsOf(values, update);
  if (limits === undefined) return "limits are whole numbers";
  const [files, processes, clock, machine] = [machineFiles(), systemProcesses(), systemClock(), machineUptime()];
  const service = systemService(processes, { program: String(values["systemctl"]), signal });
  const word = () => serviceWord({ files, service, statusFile: place.status, uptimeMs: () => machine?.uptimeMs() ?? 0 });
  return {
    ...{ files, processes, clock, service, word, place, signal },
    ...terminal,
    limits,
    quietWaitMs: QUIET_WAIT_MS,
    wakeWaitMs: WAKE_WAIT_MS,
    // Below another root there is no such user.
    asService: root === "/" ? asService() : [],
    suite: openCipherSuite(),
    arch: process.arch,
  };
}

function exitCode({ kind, reasons }: UpdateOutcome): number {
  if (kind === "switched" || kind === "would-switch") return 0;
  if (kind === "failed") return EXIT_FAILED;
  return reasons.some(({ when }) => when === "never") ? EXIT_NEVER : EXIT_LATER;
}

const KIND_WORDS: Readonly<Record<UpdateOutcome["kind"], string>> = {
  "would-switch": "would be taken",
  switched: "starts from now on, and has to prove itself",
  refused: "is refused",
  failed: "failed",
};

function tell(outcome: UpdateOutcome, json: boolean): number {
  const { kind, version, reasons } = outcome;
  if (json) say(JSON.stringify(outcome));
  else {
    say(`${version ?? "an update"} ${KIND_WORDS[kind]}`);
    for (const { code, when, text } of reasons) complain(`  ${code} (${when}): ${text}`);
  }
  return exitCode(outcome);
}

/** Runs a part of an update; whoever ends the program ends its waits. */
async function withParts(values: OptionValues, work: (parts: UpdateParts) => Promise<number>): Promise<number> {
  const over = new AbortController();
  const end = () => over.abort();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
  try {
    const parts = await partsOf(values, over.signal);
    if (typeof parts !== "string") return await work(parts);
    complain(parts);
    return 2;
  } finally {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.removeListener(signal, end);
  }
}

function requestOf(values: OptionValues, bundle: string): UpdateRequest {
  const permit = values["permit"];
  return { bundle, ...(typeof permit === "string" ? { permit } : {}) };
}

function runCheck(values: OptionValues, [bundle]: readonly string[]): Promise<number> {
  return withParts(values, async (parts) => {
    const outcome = bundle === undefined ? await checkMoment(parts, values["emergency"] === true) : await checkBundle(requestOf(values, bundle), parts);
    return tell(outcome, values["json"] === true);
  });
}

/** The first bundle that came by itself, and the leave that came with it. */
async function incoming({ files, place }: UpdateParts): Promise<UpdateRequest | undefined> {
  const names = await files.list(place.incoming);
  const name = names.find((one) => one.endsWith(".bundle"));
  if (name === undefined) return undefined;
  const permit = names.find((one) => one.endsWith(".permit"));
  return { bundle: join(place.incoming, name), ...(permit === undefined ? {} : { permit: join(place.incoming, permit) }) };
}

/** Only what may be taken later stays: a release that failed would stop the service again and again. Somebody finds out why. */
async function settleIncoming(request: UpdateRequest, outcome: UpdateOutcome, { files, place, clock }: UpdateParts): Promise<void> {
  const code = exitCode(outcome);
  if (code === EXIT_LATER) return;
  if (code !== 0) await files.write(place.refused, `${JSON.stringify({ bundle: request.bundle, wallMs: clock.wallMs(), ...outcome })}\n`);
  for (const path of [request.bundle, request.permit, request.permit === undefined ? undefined : `${request.permit}.sig`]) {
    if (path !== undefined) await unlink(path).catch(() => undefined);
  }
}

function runApply(values: OptionValues, [bundle]: readonly string[]): Promise<number> {
  if (bundle === undefined && values["incoming"] !== true) {
    complain("which bundle? yikatong update apply <bundle>");
    return Promise.resolve(2);
  }
  return withParts(values, async (parts) => {
    const request = bundle === undefined ? await incoming(parts) : requestOf(values, bundle);
    if (request === undefined) {
      complain("no bundle has come");
      return 0;
    }
    const outcome = await applyBundle(request, parts);
    if (bundle === undefined) await settleIncoming(request, outcome, parts);
    return tell(outcome, values["json"] === true);
  });
}

function runStatus(values: OptionValues): Promise<number> {
  return withParts(values, async (parts) => {
    const status = await updateStatus(parts);
    if (values["json"] === true) say(JSON.stringify(status));
    else {
      const { current, trial, healthy, releases, returned } = status;
      say(`${current ?? "no release"} starts; on this machine: ${releases.join(" ") || "none"}`);
      if (trial !== null && trial.version !== healthy)
        say(`${trial.version} is on trial: start ${trial.starts} of ${trial.startsMax}, then back to ${trial.previous}`);
      if (returned !== null) say(`last way back: ${returned["version"] ?? ""} ${returned["result"] ?? ""}: ${returned["why"] ?? ""}`);
    }
    return 0;
  });
}

const PERMIT = { permit: { type: "string", summary: "leave to go back to an older release; its signature lies beside it as <file>.sig" } } as const;

export const UPDATE_COMMANDS: readonly Command[] = [
  {
    name: "update check",
    summary: "says whether a release would be taken now; without one, whether this is a moment to stop the service",
    operands: "[bundle]",
    options: { ...OPTIONS, ...PERMIT, emergency: { type: "boolean", summary: "without a bundle: money at risk is no reason" } },
    run: runCheck,
  },
  {
    name: "update apply",
    summary: "judges a release, puts it in its place and starts it on trial",
    operands: "[bundle]",
    options: { ...OPTIONS, ...PERMIT, incoming: { type: "boolean", summary: "the bundle that came by itself, if one did" } },
    run: runApply,
  },
  { name: "update status", summary: "says which release starts, which is on trial, and what became of the last one", options: OPTIONS, run: runStatus },
];
