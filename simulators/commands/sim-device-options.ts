/* What `sim --devices` was asked for. Everything that does not fit is said at once, each in one line. */
import type { OptionValues } from "../../device/system/command-line.ts";
import { DEVICE_KINDS, type DeviceKind } from "./sim-device-kinds.ts";

export interface DeviceOptions {
  /** In the order of the table of kinds. */
  readonly kinds: readonly DeviceKind[];
  /** Whether the kinds were named by "all": then those that cannot run here are left out. */
  readonly all: boolean;
  /** Where the devices appear; undefined: a folder that is removed at the end. */
  readonly folder: string | undefined;
  /** The PIN of the holder who enters the right one; undefined: a test PIN. */
  readonly pin: string | undefined;
  /** Control lines that act by themselves. */
  readonly scenarioFile: string | undefined;
  readonly json: boolean;
}

const ALL = "all";
const BELONGING: ReadonlySet<string> = new Set(["devices", "folder", "pin", "scenario", "json"]);

function isKind(text: string): text is DeviceKind {
  return DEVICE_KINDS.some((kind) => kind === text);
}

/** The kinds that a list names; what it names in vain goes to the problems. */
function readKinds(text: string, problems: string[]): readonly DeviceKind[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.length === 1 && names[0] === ALL) return DEVICE_KINDS;
  const kinds: DeviceKind[] = [];
  for (const name of names) {
    if (!isKind(name)) problems.push(`--devices: there is no "${name.slice(0, 40)}"; known are ${DEVICE_KINDS.join(", ")}, and ${ALL} alone`);
    else if (kinds.includes(name)) problems.push(`--devices: ${name} is named twice`);
    else kinds.push(name);
  }
  return DEVICE_KINDS.filter((kind) => kinds.includes(kind));
}

/** The options, or what is wrong with them, one line each. */
export function readDeviceOptions(values: OptionValues): DeviceOptions | string {
  const problems: string[] = [];
  const text = (name: string) => (typeof values[name] === "string" ? values[name] : undefined);
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== false && !BELONGING.has(name)) problems.push(`--${name} does not belong to --devices`);
  const named = text("devices") ?? "";
  const kinds = readKinds(named, problems);
  const folder = text("folder");
  if (folder === "") problems.push("--folder is the name of a folder");
  const scenarioFile = text("scenario");
  if (scenarioFile === "") problems.push("--scenario is a file name");
  const pin = text("pin");
  // The value is not repeated: it is a PIN.
  if (pin !== undefined && !/^\d{4,12}$/.test(pin)) problems.push("--pin is 4 to 12 digits for a PIN pad");
  if (problems.length > 0) return problems.join("\n");
  return { kinds, all: named.trim() === ALL, folder, pin, scenarioFile, json: values["json"] === true };
}
