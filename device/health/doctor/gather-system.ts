/* What the operating system knows: units, ports, disk, memory, heat, network. */
import type { Bytes } from "../../base/bytes.ts";
import type { TerminalConfig } from "../../config/schema.ts";
import type { Facts, PortFact, ServiceFact, UnitState } from "./facts.ts";
import type { Ask, DoctorMachine, DoctorPlaces, PathLook } from "./machine.ts";

export interface System {
  readonly machine: DoctorMachine;
  readonly ask: Ask;
  readonly places: DoctorPlaces;
}

const TIME_SERVICE = "systemd-timesyncd";
const FILE_BYTES = 256 * 1024;
const GROUP_WRITES = 0o020;
const OWNER_WRITES = 0o200;
const OTHERS_WRITE = 0o002;
const KILO = 1024;
const THOUSAND = 1000;
/** From here on the reader service asks polkit who may use it. Spec: pcsc-lite, 2.0. */
const RULE_FROM_MAJOR = 2;

const THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled";
const HEAT = "/sys/class/thermal/thermal_zone0/temp";
export const POLKIT_RULE = "/etc/polkit-1/rules.d/50-yikatong.rules";
export const DEVICE_RULES = "/etc/udev/rules.d/60-yikatong.rules";

export async function askUnit({ machine, ask }: System, unit: string): Promise<UnitState> {
  const answer = await ask(unit, machine.run("systemctl", ["is-active", unit]), undefined);
  const word = answer?.text.trim();
  return word === "active" || word === "inactive" || word === "failed" ? word : "unknown";
}

/**
 * The service that sets the clock. Where the system itself has left it out, as in a container, the time is somebody else's and nothing can be
 * mended here.
 */
export async function askTimeService(system: System): Promise<UnitState> {
  const state = await askUnit(system, TIME_SERVICE);
  if (state !== "inactive") return state;
  const properties = ["ConditionResult", "ConditionTimestampMonotonic"].map((name) => `--property=${name}`);
  const answer = await system.ask("time service", system.machine.run("systemctl", ["show", TIME_SERVICE, ...properties]), undefined);
  // A unit that nobody has tried to start says "no" as well, and has no time of it.
  const leftOut = /^ConditionResult=no$/m.test(answer?.text ?? "") && /^ConditionTimestampMonotonic=[1-9]/m.test(answer?.text ?? "");
  return leftOut ? "unknown" : state;
}

export async function askService(system: System): Promise<ServiceFact> {
  const { machine, ask } = system;
  const properties = ["ActiveState", "NRestarts", "WatchdogUSec", "LimitCORE"];
  const answer = await ask("service", machine.run("systemctl", ["show", "yikatong.service", ...properties.map((name) => `--property=${name}`)]), undefined);
  const values = new Map((answer?.text ?? "").split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).trim()]));
  const state = values.get("ActiveState");
  const known = state === "active" || state === "inactive" || state === "failed";
  return {
    state: known ? state : "unknown",
    restarts: Number(values.get("NRestarts") ?? 0),
    watchdog: (values.get("WatchdogUSec") ?? "0") !== "0" && values.get("WatchdogUSec") !== "infinity",
    coreDumps: values.has("LimitCORE") && values.get("LimitCORE") !== "0",
  };
}

/** Every port that the configuration names by a path, with its role. */
function portsOf(config: TerminalConfig | undefined): readonly { readonly role: string; readonly path: string }[] {
  const roles: (readonly [string, unknown])[] = Object.entries(config?.devices ?? {});
  for (const lane of config?.gate?.lanes ?? []) roles.push([`gate:${lane.name}`, lane.device], [`display:${lane.name}`, lane.display]);
  return roles.flatMap(([role, settings]) => pathsIn(settings).map((path) => ({ role, path })));
}

function pathsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, held]) => (name === "path" && typeof held === "string" && held.startsWith("/dev/") ? [held] : pathsIn(held)));
}

export async function askPorts({ machine, ask }: System, config: TerminalConfig | undefined, userId: number | undefined): Promise<readonly PortFact[]> {
  const named = portsOf(config);
  if (named.length === 0) return [];
  const groups = await ask("groups", machine.run("id", ["-G", "yikatong"]), undefined);
  const may = new Set(groups?.code === 0 ? groups.text.trim().split(/\s+/).map(Number) : []);
  return Promise.all(
    named.map(async ({ role, path }): Promise<PortFact> => {
      const look = await ask(path, machine.look(path), "denied");
      if (look === "absent" || (typeof look !== "string" && look.resolves === false)) return { role, path, is: "absent" };
      // Without the user nobody can say whether he may.
      return { role, path, is: typeof look === "string" || (userId !== undefined && !mayUse(look, userId, may)) ? "denied" : "ready" };
    }),
  );
}

function mayUse({ mode, user, group }: PathLook, userId: number, groups: ReadonlySet<number>): boolean {
  if (userId === 0 || (mode & OTHERS_WRITE) !== 0) return true;
  return user === userId ? (mode & OWNER_WRITES) !== 0 : groups.has(group) && (mode & GROUP_WRITES) !== 0;
}

type SystemFacts = Pick<
  Facts,
  "readerService" | "deviceRules" | "throttled" | "mount" | "space" | "diskErrors" | "wear" | "memoryFreeBytes" | "temperature" | "swap" | "addresses"
>;

export async function askSystem(system: System, folder: string): Promise<SystemFacts> {
  const { machine, ask } = system;
  const read = (path: string) => ask(path, textOf(machine, path), undefined);
  const [readerService, rules, throttled, mounts, space, diskErrors, wear, memory, heat, swaps, addresses] = await Promise.all([
    askReaderService(system),
    ask("device rules", machine.look(DEVICE_RULES), "absent"),
    read(THROTTLED),
    read("/proc/mounts"),
    ask("disk", machine.space(folder), undefined),
    ask("disk errors", countDiskErrors(machine), 0),
    ask("disk wear", readWear(machine), undefined),
    read("/proc/meminfo"),
    read(HEAT),
    read("/proc/swaps"),
    ask("addresses", hasAddress(machine), undefined),
  ]);
  const free = /^MemAvailable:\s+(\d+) kB$/m.exec(memory ?? "")?.[1];
  return {
    readerService,
    deviceRules: typeof rules !== "string",
    throttled: throttled === undefined ? undefined : Number.parseInt(throttled.trim(), 16),
    mount: mountOf(mounts ?? "", folder),
    space,
    diskErrors,
    wear,
    memoryFreeBytes: free === undefined ? undefined : Number(free) * KILO,
    temperature: heat === undefined ? undefined : Number(heat.trim()) / THOUSAND,
    // The first line is the table's head.
    swap: (swaps ?? "").trim().split("\n").length > 1,
    addresses,
  };
}

async function textOf(machine: DoctorMachine, path: string): Promise<string | undefined> {
  const bytes = await machine.read(path, FILE_BYTES);
  return typeof bytes === "string" ? undefined : asText(bytes);
}

function asText(bytes: Bytes): string {
  return new TextDecoder("latin1").decode(bytes);
}

async function askReaderService(system: System): Promise<Facts["readerService"]> {
  const { machine, ask } = system;
  const [state, version, rule] = await Promise.all([
    askUnit(system, "pcscd.socket"),
    ask("pcscd", machine.run("pcscd", ["--version"]), undefined),
    ask("polkit rule", machine.look(POLKIT_RULE), "absent"),
  ]);
  const major = Number(/version (\d+)\./.exec(version?.text ?? "")?.[1] ?? 0);
  return { state, needsRule: major >= RULE_FROM_MAJOR, rule: typeof rule !== "string" };
}

/** The mount with the longest name that the folder begins with. */
function mountOf(mounts: string, folder: string): Facts["mount"] {
  let best: { readonly at: string; readonly fileSystem: string; readonly readOnly: boolean } | undefined;
  for (const line of mounts.split("\n")) {
    const [, at = "", fileSystem = "", options = ""] = line.split(" ");
    const holds = at === "/" || folder === at || folder.startsWith(`${at}/`);
    if (at === "" || !holds || (best !== undefined && at.length < best.at.length)) continue;
    best = { at, fileSystem, readOnly: options.split(",").includes("ro") };
  }
  return best === undefined ? undefined : { fileSystem: best.fileSystem, readOnly: best.readOnly };
}

async function countDiskErrors(machine: DoctorMachine): Promise<number> {
  const disks = await machine.list("/sys/fs/ext4");
  if (typeof disks === "string") return 0;
  const counts = await Promise.all(disks.map((disk) => textOf(machine, `/sys/fs/ext4/${disk}/errors_count`)));
  return counts.reduce((sum, count) => sum + (Number(count?.trim() ?? 0) || 0), 0);
}

/** The most worn of the eMMC and SD devices that tell. Spec: JEDEC eMMC, DEVICE_LIFE_TIME_EST. */
export async function readWear(machine: DoctorMachine): Promise<Facts["wear"]> {
  const blocks = await machine.list("/sys/block");
  if (typeof blocks === "string") return undefined;
  const found = await Promise.all(
    blocks.map(async (block) => {
      const [life, reserve] = await Promise.all(["life_time", "pre_eol_info"].map((name) => textOf(machine, `/sys/block/${block}/device/${name}`)));
      if (life === undefined) return [];
      const tenths = life
        .trim()
        .split(/\s+/)
        .map((word) => Number.parseInt(word, 16) || 0);
      return [{ lifeTenths: Math.max(0, ...tenths), reserve: Number.parseInt(reserve?.trim() ?? "0", 16) || 0 }];
    }),
  );
  return found.flat().sort((left, right) => right.lifeTenths - left.lifeTenths)[0];
}

async function hasAddress(machine: DoctorMachine): Promise<boolean | undefined> {
  const answer = await machine.run("ip", ["-o", "addr", "show", "scope", "global"]);
  return answer?.code === 0 ? answer.text.trim() !== "" : undefined;
}
