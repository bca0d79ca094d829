/* The list of HID devices: what the process says is checked, and one that says nothing is ended. */
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import type { ChildProcess, Processes } from "../../base/ports.ts";
import { systemProcesses } from "../../system/processes.ts";
import { limits } from "../contract/bench.ts";
import { listHidDevices } from "./list.ts";

/** A process that says this when it is started, or ends without a word, or hangs. */
function stand(says: { readonly message: unknown } | "ends" | "hangs") {
  const clock = new VirtualClock(0);
  const killed: number[] = [];
  const child: ChildProcess = {
    pid: 7,
    send: () => undefined,
    onMessage: (listener) => {
      if (typeof says === "object") listener(says.message);
    },
    onExit: (listener) => {
      if (says === "ends") listener({ code: 1, signal: null });
    },
    kill: () => killed.push(7),
  };
  const processes: Processes = { ...systemProcesses(), fork: () => child };
  return { killed, list: () => clock.resolve(listHidDevices({ processes, clock }, limits(5_000))) };
}

const SCANNER = { path: "/dev/hidraw0", vendorId: 0x0c2e, productId: 0x0b61, usagePage: 0x8c, usage: 2, product: "Scanner" };

describe("the list of HID devices", () => {
  it("holds what the binding tells, without what it does not", async () => {
    const { list, killed } = stand({
      message: { is: "devices", devices: [{ ...SCANNER, serialNumber: undefined, release: 1, interface: 0 }, { path: 5 }, null] },
    });
    expect(await list()).toEqual([SCANNER]);
    expect(killed).toEqual([7]);
  });

  it.each<readonly [string, Parameters<typeof stand>[0], string]>([
    ["fails", { message: { is: "failed", why: "no bus" } }, "process-failed"],
    ["ends without a word", "ends", "process-failed"],
    ["hangs", "hangs", "timeout"],
  ])("is a fault where its process %s, and the process is ended", async (_what, says, code) => {
    const { list, killed } = stand(says);
    await expect(list()).rejects.toMatchObject({ code, effectUnknown: false });
    expect(killed).toEqual([7]);
  });
});
