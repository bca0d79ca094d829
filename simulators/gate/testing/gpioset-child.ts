/*
 * The GPIO tools as a program: `<tool> <version> <folder> <arguments …>`. The folder says which chips there are (file "chips", a label each
 * line) and takes the record of levels (file "levels": process, line, level). A level holds as long as the process lives. What befalls the
 * tools lies there too: "busy" refuses the next level, "late" holds milliseconds, with "garbled" the list is spoiled, with "hang" nothing ends.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../device/system/clock.ts";
import { type GpioVersion, parseGpioset, printedChips, printedVersion } from "../gpioset.ts";

const HANG_STEP_MS = 20;
/** Nobody waits longer for a tool; a process that its simulator forgot must end. */
const HANG_MS_MAX = 600_000;

/** Time that the tool takes before it does anything. */
async function befall(folder: string): Promise<void> {
  const clock = systemClock();
  const late = join(folder, "late");
  if (existsSync(late)) await clock.sleep(Number(readFileSync(late, "utf8")));
  for (let waitedMs = 0; waitedMs < HANG_MS_MAX && existsSync(join(folder, "hang")); waitedMs += HANG_STEP_MS) await clock.sleep(HANG_STEP_MS);
}

function chipsOf(folder: string): readonly string[] {
  const path = join(folder, "chips");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

async function gpioset(version: GpioVersion, folder: string, args: readonly string[]): Promise<number> {
  const call = parseGpioset(version, args);
  if (call.is === "version") {
    process.stdout.write(printedVersion(version));
    return 0;
  }
  if (call.is === "refused") {
    process.stderr.write(`gpioset: ${call.why}\n`);
    return 1;
  }
  await befall(folder);
  const busy = join(folder, "busy");
  const taken = existsSync(busy);
  rmSync(busy, { force: true });
  if (taken || chipsOf(folder)[Number(call.chip.slice("gpiochip".length))] === undefined) return 1;
  const record = (level: 0 | 1) => appendFileSync(join(folder, "levels"), `${process.pid} ${call.line} ${level}\n`);
  record(call.level);
  await systemClock().sleep(call.holdMs);
  record(call.level === 1 ? 0 : 1);
  return 0;
}

async function main([tool, version, folder = "", ...args]: readonly string[]): Promise<number> {
  if (tool === "gpiodetect" && args.length === 0) {
    await befall(folder);
    const printed = printedChips(chipsOf(folder));
    process.stdout.write(existsSync(join(folder, "garbled")) ? printed.replaceAll("[", "{") : printed);
    return 0;
  }
  if (tool === "gpioset" && (version === "v1" || version === "v2")) return gpioset(version, folder, args);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
