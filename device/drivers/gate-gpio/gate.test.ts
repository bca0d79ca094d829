import { describe, expect, it } from "vitest";
import { parseGpioset, printedChips, printedVersion } from "../../../simulators/gate/gpioset.ts";
import { utf8 } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_GPIO_PROFILE, HEADER_CHIPS } from "./gate.ts";
import { gpioBench } from "./testing.ts";
import { pulseArguments, readChip, readVersion } from "./tool.ts";

for (const version of ["v1", "v2"] as const)
  for (const gpioTool of [version, "installed"] as const)
    gateContract(`GPIO, tools ${version} in process, taken for ${gpioTool}`, async () => gpioBench({ gpioTool }, version), ["passages"]);

describe("command lines of the tools", () => {
  const PULSE = { chip: "gpiochip0", line: 17, pulseMs: 500 };

  it.each([
    ["v1", 500, "--mode=time --usec=500000 gpiochip0 17=1"],
    ["v1", 2_500, "--mode=time --sec=2 --usec=500000 gpiochip0 17=1"],
    ["v2", 500, "-c gpiochip0 -t 500ms,0 17=1"],
    ["v2", 2_500, "-c gpiochip0 -t 2500ms,0 17=1"],
  ] as const)("%s, %i ms", (version, pulseMs, line) => {
    const args = pulseArguments(version, { ...PULSE, pulseMs });
    expect(args.join(" ")).toBe(line);
    expect(parseGpioset(version, args)).toEqual({ is: "pulse", chip: "gpiochip0", line: 17, level: 1, holdMs: pulseMs });
    expect(parseGpioset(version === "v1" ? "v2" : "v1", args)).toMatchObject({ is: "refused" });
  });

  it.each([
    "",
    "17=1",
    "gpiochip0 17=1",
    "--mode=wait gpiochip0 17=1",
    "--mode=time --usec=1000000 gpiochip0 17=1",
    "--mode=time gpiochip0 --usec=5 17=1",
    "--mode=time --usec=5 17=1",
    "-c gpiochip0 -t 500ms 17=1",
    "-c gpiochip0 -t 0,0 17=1",
    "-c gpiochip0 17=1",
    "-c gpiochip0 -t 500ms,0 17=2",
    "-c gpiochip0 -t 500ms,0 17=1 18=1",
  ])("the stand-in takes nothing else: '%s'", (line) => {
    const args = line.split(" ").filter(Boolean);
    for (const version of ["v1", "v2"] as const) expect(parseGpioset(version, args)).toMatchObject({ is: "refused" });
  });

  it("versions and chips are read, by label", () => {
    for (const version of ["v1", "v2"] as const) expect(readVersion(utf8(printedVersion(version)))).toBe(version);
    for (const printed of ["", "gpioset (libgpiod) v3.0\n", "gpioset 2.0"]) expect(readVersion(utf8(printed))).toBeUndefined();
    expect(readChip(utf8(printedChips(["other", "pinctrl-bcm2711"])), HEADER_CHIPS)).toBe("gpiochip1");
    expect(readChip(utf8(printedChips(["other", "another"])), HEADER_CHIPS)).toBeUndefined();
  });
});

describe("a GPIO gate", () => {
  it("holds its line for the pulse and no longer", async () => {
    const { gate, tools, run } = gpioBench(DEFAULT_GPIO_PROFILE, "v2");
    await run(gate.open("exit", { passageTimeoutMs: 200 }, limits(1_000)));
    const [up, down, ...more] = tools.levels;
    expect([up?.line, up?.level, down?.level, (down?.atMs ?? 0) - (up?.atMs ?? 0), more]).toEqual([27, 1, 0, 200, []]);
  });

  it("that is switched off refuses", async () => {
    const { gate, run } = gpioBench({ gpioTool: "off" }, "v2");
    await expect(run(gate.open("entry", { passageTimeoutMs: 200 }, limits(1_000)))).rejects.toMatchObject({ code: "device-refused", effectUnknown: false });
    expect(await run(gate.health(limits(1_000)))).toEqual({ kind: "broken", why: "device-refused" });
  });

  it("taken for the wrong version opens nothing, and says that it cannot", async () => {
    const { gate, run, opened } = gpioBench({ gpioTool: "v1" }, "v2");
    expect(await run(gate.open("entry", { passageTimeoutMs: 200 }, limits(1_000)))).toBe("fault");
    expect(opened()).toEqual([]);
  });

  it("that is closed lets its line fall", async () => {
    const { gate, run, clock, isOpen } = gpioBench(DEFAULT_GPIO_PROFILE, "v2");
    const passage = gate.open("entry", { passageTimeoutMs: 1_000 }, limits(1_000));
    passage.catch(() => undefined);
    await run(clock.sleep(100));
    expect(isOpen()).toBe(true);
    await gate.close();
    await expect(run(passage)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
    expect(isOpen()).toBe(false);
  });
});
