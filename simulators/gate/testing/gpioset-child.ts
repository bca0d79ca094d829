/*
 * The GPIO tools as a program: `<tool> <version> <folder> <arguments …>`. The folder says which chips there are (file "chips", a label each
 * line) and takes the record of levels (file "levels": process, line, level). A level holds as long as the process lives.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../device/system/clock.ts";
import { type GpioVersion, parseGpioset, printedChips, printedVersion } from "../gpioset.ts";

function chipsOf(folder: string): readonly string[] {
  return readFileSync(join(folder, "chips"), "utf8").split("\n").filter(Boolean);
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
    process.stdout.write(printedChips(chipsOf(folder)));
    return 0;
  }
  if (tool === "gpioset" && (version === "v1" || version === "v2")) return gpioset(version, folder, args);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
