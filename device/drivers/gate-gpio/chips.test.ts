/* The chips that the system's tool lists. */
import { describe, expect, it } from "vitest";
import { printedChips } from "../../../simulators/gate/gpioset.ts";
import { EMPTY, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Processes } from "../../base/ports.ts";
import { systemProcesses } from "../../system/processes.ts";
import { limits } from "../contract/bench.ts";
import { listGpioChips } from "./chips.ts";

function prints(text: string): Processes {
  return { ...systemProcesses(), run: () => Promise.resolve({ code: 0, stdout: utf8(text), stderr: EMPTY }) };
}

function fails(code: "process-failed" | "timeout" | "cancelled"): Processes {
  return { ...systemProcesses(), run: () => Promise.reject(new Fault(code, "no tool", { effectUnknown: false })) };
}

describe("GPIO chips", () => {
  it("are those that the tool prints, by label", async () => {
    expect(await listGpioChips(prints(printedChips(["raspberrypi-exp-gpio", "pinctrl-rp1"])), limits(1_000))).toEqual([
      { kind: "gpio", chip: "gpiochip0", label: "raspberrypi-exp-gpio", lineCount: 54 },
      { kind: "gpio", chip: "gpiochip1", label: "pinctrl-rp1", lineCount: 54 },
    ]);
  });

  it("are none in what is no list", async () => expect(await listGpioChips(prints("gpiodetect: no\n\n[x] (1 lines)"), limits(1_000))).toEqual([]));

  it.each(["process-failed", "timeout"] as const)("are none where the tool fails (%s)", async (code) => {
    expect(await listGpioChips(fails(code), limits(1_000))).toEqual([]);
  });

  it("are not made up when somebody ends the look", async () => {
    await expect(listGpioChips(fails("cancelled"), limits(1_000))).rejects.toMatchObject({ code: "cancelled" });
  });
});
