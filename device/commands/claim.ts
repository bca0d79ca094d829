/* `yikatong claim` and `yikatong decommission`: a blank machine becomes a terminal, and a terminal becomes nobody. Spec: claim/v1. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type DecommissionOutcome, type DecommissionPorts, decommission, type JournalRest } from "../../provisioning/claim/decommission.ts";
import { checkStart, IDENTITY_FILES, type Identity, readObject } from "../../provisioning/claim/identity.ts";
import type { ClaimPorts } from "../../provisioning/claim/ports.ts";
import { type ClaimOutcome, runClaim } from "../../provisioning/claim/run.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { loadConfig, saveConfig } from "../config/load.ts";
import { parseTerminalConfig, type TerminalConfig } from "../config/schema.ts";
import { testKeyGuard } from "../config/test-key-guard.ts";
import { journalPlaceProblem } from "../config/update.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { openLog } from "../health/log.ts";
import { openMqttLink, type TlsFiles, type TlsTexts } from "../sync/mqtt/link.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { countOption } from "../system/command-line.ts";
import { machineNumbers, machineWords } from "../system/machine-facts.ts";
import { systemRandomness } from "../system/randomness.ts";
import { openFolderStorage } from "../system/storage.ts";
import { DATABASE_FILE } from "../txn/journal/sqlite/engine.ts";
import { openSqliteStore } from "../txn/journal/sqlite/store.ts";
import { actAs, claimFileAt, putAside, shredFile } from "./claim-machine.ts";
import { CONFIG_FOLDER } from "./config.ts";
import { restOf } from "./journal-rest.ts";
import { complain, say } from "./output.ts";

const CLAIM_FILE = "/etc/yikatong/claim.json";
const EXIT_REFUSED = 3;
const EXIT_CANCELLED = 130;
const SEQ_MAX = 999_999_999;

/** Who this terminal is stands beside its configuration. */
export function identityFolderOf(configFolder: string): string {
  return join(dirname(resolve(configFolder)), "identity");
}

/** Whether this machine may run the terminal of that configuration; undefined where nobody was claimed. Faults: see checkStart. */
export async function checkIdentity(configFolder: string, suite: CipherSuite): Promise<Identity | undefined> {
  const folder = identityFolderOf(configFolder);
  // A developer's desk has no such folder, and none is made.
  if (!existsSync(folder)) return undefined;
  return checkStart(await openFolderStorage(folder), { suite, facts: () => machineNumbers() });
}

/** A line to the broker under a name of its own. Faults: "config-invalid". */
export function openLine(url: string, clientId: string, parts: { readonly tls: TlsFiles | TlsTexts | undefined; readonly log: Log }) {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === "mqtts:" || protocol === "tls:";
  if (secure !== (parts.tls !== undefined)) throw new Fault("config-invalid", "an mqtts: address and certificates belong together", { effectUnknown: false });
  return openMqttLink({
    host: hostname,
    port: Number(port === "" ? (secure ? 8883 : 1883) : port),
    clientId,
    protocol: "auto",
    ...{ clock: systemClock(), randomness: systemRandomness(), log: parts.log },
    ...(parts.tls === undefined ? {} : { tls: parts.tls }),
  });
}

/** The terminal's own line, by the configuration that it was given. */
function ownLine({ link }: TerminalConfig, tid: string, log: Log) {
  const tls = link.tls === undefined ? undefined : { caFile: link.tls.caFile, certificateFile: link.tls.certFile, keyFile: link.tls.keyFile };
  // The service may be connected under its own name; brokers end the older connection of a client identifier.
  return openLine(link.url, `${tid}-claim`, { tls, log });
}

interface Place {
  readonly folder: string;
  readonly identityFolder: string;
  readonly suite: CipherSuite;
  readonly log: Log;
}

function placeOf(values: OptionValues): Place {
  const folder = resolve(String(values["config"]));
  const identityFolder = identityFolderOf(folder);
  actAs(dirname(folder));
  const log = openLog({ destination: process.stderr, clock: systemClock(), terminalId: "-", level: "info" });
  return { folder, identityFolder, suite: openCipherSuite(), log };
}

async function loaded({ folder, suite, log }: Place): Promise<TerminalConfig | undefined> {
  const config = await loadConfig({ storage: await openFolderStorage(folder), suite, log });
  return config.kind === "ready" ? config.config : undefined;
}

/** Records of the terminal before are put aside only when the host holds all of them. */
async function resetState(place: Place): Promise<string | undefined> {
  const config = await loaded(place);
  if (config === undefined) return undefined;
  const rest = await journalRest(config, place.suite);
  if (rest === undefined) return undefined;
  if (rest.receiptedThrough < rest.lastSeq || rest.openSubjects + rest.owedUploads > 0)
    return "records of this machine have not been uploaded; they are not put aside";
  await putAside(config.journal.folder, systemClock());
  return undefined;
}

async function claimPorts(place: Place, claimFile: string): Promise<ClaimPorts> {
  const { folder, identityFolder, suite, log } = place;
  const [config, identity] = await Promise.all([openFolderStorage(folder), openFolderStorage(identityFolder)]);
  return {
    ...{ clock: systemClock(), randomness: systemRandomness(), suite, log, identity, config, guard: testKeyGuard(suite) },
    claimFile: claimFileAt(claimFile),
    facts: () => machineNumbers(),
    hardware: () => machineWords(),
    saveProfile: async (profile) => {
      const parsed = parseTerminalConfig(profile);
      const problem = parsed.ok ? journalPlaceProblem(folder, parsed.config) : parsed.problems.join("; ");
      if (problem !== undefined) return problem;
      await saveConfig({ storage: config, suite, log }, profile);
      return undefined;
    },
    resetState: () => resetState(place),
    places: { link: join(identityFolder, IDENTITY_FILES.link), authority: join(identityFolder, IDENTITY_FILES.authority) },
    connect: async (how) => {
      if (how.as === "claim") return openLine(how.file.brokerUrl, how.clientId, { tls: how.file.tls, log });
      const own = await loaded(place);
      if (own === undefined) throw new Fault("config-corrupt", "the configuration of the claim is missing", { effectUnknown: false });
      return ownLine(own, how.tid, log);
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  "no-answer": "nobody answers at the place of the claim, or nobody who may; look at the line, the clock and the claim file",
  "waiting-for-approval": "somebody has to agree to this machine first",
  "ticket-used": "this ticket was used already; the host has noted it",
  "serial-taken": "another machine is the terminal of this serial number; the host has noted it",
  "another-machine": "this claim was begun on another machine; the host has noted it",
};

function claimText(outcome: ClaimOutcome): string {
  if (outcome.kind === "claimed")
    return `this machine is terminal ${outcome.tid}${outcome.confirmed ? "" : "; the host has not confirmed the end yet and is told again at the next start"}`;
  return `the claim stands at "${outcome.at}": ${REASONS[outcome.reason] ?? outcome.reason}`;
}

async function claim(values: OptionValues): Promise<number> {
  const over = endedBySignals();
  const place = placeOf(values);
  const ports = await claimPorts(place, String(values["claim"]));
  const outcome = await runClaim(ports, { once: values["once"] === true, moved: values["moved"] === true, signal: over.signal }).catch((error: unknown) => {
    if (over.signal.aborted) return undefined;
    throw error;
  });
  if (outcome === undefined) return EXIT_CANCELLED;
  say(values["json"] === true ? JSON.stringify(outcome) : claimText(outcome));
  return outcome.kind === "claimed" ? 0 : EXIT_REFUSED;
}

function endedBySignals(): AbortController {
  const over = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => over.abort());
  return over;
}

async function journalRest({ journal, acquirer }: TerminalConfig, suite: CipherSuite): Promise<JournalRest | undefined> {
  if (!existsSync(join(journal.folder, DATABASE_FILE))) return undefined;
  const store = await openSqliteStore({ folder: journal.folder, limitBytes: journal.limitBytes });
  try {
    return await restOf(store, { suite, hasBank: acquirer !== undefined });
  } finally {
    await store.close();
  }
}

async function decommissionPorts(place: Place): Promise<DecommissionPorts> {
  const { folder, identityFolder, suite, log } = place;
  const [config, identity] = await Promise.all([openFolderStorage(folder), openFolderStorage(identityFolder)]);
  const needed = async () => {
    const own = await loaded(place);
    if (own === undefined) throw new Fault("config-corrupt", "there is no configuration", { effectUnknown: false });
    return own;
  };
  return {
    ...{ clock: systemClock(), randomness: systemRandomness(), suite, log, identity, config },
    journal: async () => journalRest(await needed(), suite),
    shred: async (where, name) => shredFile(join(where === "config" ? folder : identityFolder, name)),
    connect: async (tid) => ownLine(await needed(), tid, log),
  };
}

function decommissionText(outcome: DecommissionOutcome): string {
  switch (outcome.kind) {
    case "over":
      return `terminal ${outcome.tid} is no more${outcome.hostTold ? "" : "; the host could not be told: take it from its list by hand"}`;
    case "host-silent":
      return `the end of terminal ${outcome.tid} is begun, but the host does not answer; run this again, or with --without-host`;
    case "refused":
      return `records are on this machine alone (${outcome.rest.receiptedThrough} of ${outcome.rest.lastSeq} uploaded, ${outcome.rest.openSubjects} not ended, ${outcome.rest.owedUploads} not told to the bank yet); upload them, or export them (yikatong journal export) and name the last entry with --exported-through`;
  }
}

/** Ends the terminal because its host has ordered it; the exit code, or undefined where records are still here alone. */
export async function endByOrder(configFolder: string): Promise<number | undefined> {
  const ports = await decommissionPorts(placeOf({ config: configFolder }));
  const outcome = await decommission(ports, { withoutHost: false, exportedThrough: undefined, signal: endedBySignals().signal });
  if (outcome.kind === "refused") return undefined;
  complain(decommissionText(outcome));
  return outcome.kind === "over" ? 0 : EXIT_REFUSED;
}

/** Goes on with an end that was begun and cut off; undefined where none was. Faults: those of {@link decommission}. */
export async function endBegun(configFolder: string): Promise<number | undefined> {
  const folder = identityFolderOf(configFolder);
  if (!existsSync(join(folder, IDENTITY_FILES.decommission))) return undefined;
  const mark = await readObject(await openFolderStorage(folder), IDENTITY_FILES.decommission);
  return mark === undefined || mark["at"] === "over" ? undefined : endByOrder(configFolder);
}

async function end(values: OptionValues): Promise<number> {
  const through = values["exported-through"] === undefined ? undefined : countOption(values, "exported-through", { min: 1, max: SEQ_MAX });
  if (values["exported-through"] !== undefined && through === undefined) {
    complain("--exported-through is the number of the last entry that the export holds");
    return 2;
  }
  const over = endedBySignals();
  const ports = await decommissionPorts(placeOf(values));
  const outcome = await decommission(ports, { withoutHost: values["without-host"] === true, exportedThrough: through, signal: over.signal });
  say(values["json"] === true ? JSON.stringify(outcome) : decommissionText(outcome));
  return outcome.kind === "over" ? 0 : EXIT_REFUSED;
}

const CONFIG_OPTION = {
  config: { type: "string", summary: "folder of the terminal's configuration; its identity stands beside it", default: CONFIG_FOLDER },
} as const;
const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of a summary" } } as const;

export const CLAIM_COMMANDS: readonly Command[] = [
  {
    name: "claim",
    summary: "makes this machine the terminal that a host has enrolled, by a ticket; goes on where it was cut off",
    options: {
      ...CONFIG_OPTION,
      claim: { type: "string", summary: "file with place, ticket and authority; erased at the end", default: CLAIM_FILE },
      once: { type: "boolean", summary: "ends instead of waiting for a person or a host that is away" },
      moved: { type: "boolean", summary: "this terminal was claimed on another machine, or is to be claimed anew; takes a new ticket" },
      ...JSON_OPTION,
    },
    run: claim,
  },
  {
    name: "decommission",
    summary: "ends this terminal: records uploaded or exported first, host told, keys wiped; it never starts again",
    options: {
      ...CONFIG_OPTION,
      "exported-through": { type: "string", summary: "an export holds every entry up to this one, and somebody has it" },
      "without-host": { type: "boolean", summary: "goes on although the host cannot be told" },
      ...JSON_OPTION,
    },
    run: end,
  },
];
