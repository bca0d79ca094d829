/*
 * The GPIO tools of both versions as their manuals describe them: which calls they take, and what they print. Strict: whatever is not the
 * documented form of a timed pulse is refused with an exit code, as a real tool of the other version would do.
 */

export type GpioVersion = "v1" | "v2";

export type GpiosetCall =
  | { readonly is: "version" }
  | { readonly is: "pulse"; readonly chip: string; readonly line: number; readonly level: 0 | 1; readonly holdMs: number }
  | { readonly is: "refused"; readonly why: string };

const FULL_VERSIONS: Readonly<Record<GpioVersion, string>> = { v1: "v1.6.3", v2: "v2.2.1" };
const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };

const refused = (why: string): GpiosetCall => ({ is: "refused", why });

/** What `gpioset` of a version makes of its arguments. */
export function parseGpioset(version: GpioVersion, args: readonly string[]): GpiosetCall {
  if (args.length === 1 && args[0] === "--version") return { is: "version" };
  return version === "v1" ? parseFirst(args) : parseSecond(args);
}

/** Version 1: gpioset --mode=time [--sec=S] --usec=U chip line=value */
function parseFirst(args: readonly string[]): GpiosetCall {
  const options = args.filter((argument) => argument.startsWith("-"));
  const [chip = "", setting = "", ...more] = args.slice(options.length);
  if (args.slice(0, options.length).some((argument, at) => argument !== options[at])) return refused("options come first");
  const [mode, ...times] = options;
  if (mode !== "--mode=time") return refused("a pulse needs the mode time");
  let holdMs = 0;
  for (const option of times) {
    const [, unit, digits = ""] = /^--(sec|usec)=([0-9]+)$/.exec(option) ?? [];
    if (unit === undefined) return refused(`unrecognized option ${option}`);
    if (unit === "usec" && Number(digits) >= 1_000_000) return refused("a part of a second is less than a second");
    holdMs += unit === "sec" ? Number(digits) * 1_000 : Number(digits) / 1_000;
  }
  return pulse({ chip, setting, more, holdMs });
}

/** Version 2: gpioset -c chip -t period,0 line=value */
function parseSecond(args: readonly string[]): GpiosetCall {
  const [chipOption, chip = "", timeOption, times = "", setting = "", ...more] = args;
  if (chipOption !== "-c" || timeOption !== "-t") return refused("unrecognized option");
  const [, digits = "", unit = ""] = /^([0-9]+)(us|ms|s),0$/.exec(times) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined) return refused("a pulse that ends has one period and a zero");
  return pulse({ chip, setting, more, holdMs: Number(digits) * unitMs });
}

function pulse(words: { readonly chip: string; readonly setting: string; readonly more: readonly string[]; readonly holdMs: number }): GpiosetCall {
  const { chip, setting, more, holdMs } = words;
  const [, line, level] = /^([0-9]+)=([01])$/.exec(setting) ?? [];
  if (line === undefined || more.length > 0) return refused("one line and its level");
  if (!/^gpiochip[0-9]+$/.test(chip)) return refused(`no chip ${chip}`);
  if (holdMs <= 0) return refused("a pulse has a length");
  return { is: "pulse", chip, line: Number(line), level: level === "1" ? 1 : 0, holdMs };
}

export function printedVersion(version: GpioVersion): string {
  return `gpioset (libgpiod) ${FULL_VERSIONS[version]}\n`;
}

/** The list of chips with these labels, as `gpiodetect` prints it. */
export function printedChips(labels: readonly string[]): string {
  return labels.map((label, at) => `gpiochip${at} [${label}] (54 lines)\n`).join("");
}
