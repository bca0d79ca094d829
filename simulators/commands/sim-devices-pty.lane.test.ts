/*
 * `sim --devices` as a process of its own: the terminal's real drivers open its devices by the configuration that it prints, make one exchange
 * with each, and meet plugs that are pulled, devices that hang, and answers that are garbled or late.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fromHex, utf8 } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { systemClock } from "../../device/system/clock.ts";
import { LINE_KINDS } from "./sim-device-kinds.ts";
import { BACK_MS, enters, loadKey, PIN_REQUEST, Simulators, START_LIMIT_MS, STEP_MS, untilAway, untilThere, untilWell } from "./testing/device-table.ts";

const PIN = "830274";
const SLIP = [{ kind: "text", text: "合计 12.50" }] as const;

const clock = systemClock();

/** Processes whose command line names a folder. */
function processesOf(folder: string): readonly string[] {
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
  return lines.filter((line) => line.includes(`link=${folder}/`));
}

describe("devices of sim, opened by the terminal's drivers", () => {
  let sim: Simulators;

  beforeAll(async () => {
    sim = new Simulators(["--devices", LINE_KINDS.join(","), "--pin", PIN]);
    expect((await sim.ready()).map(({ kind }) => kind)).toEqual(LINE_KINDS);
  }, START_LIMIT_MS);

  afterEach(() => sim.closeDevices());

  afterAll(async () => {
    expect(await sim.quit()).toBe(0);
    expect(sim.said.join("\n")).not.toContain(PIN);
  }, START_LIMIT_MS);

  it.each(["pad-02h", "pad-newland"] as const)(
    "%s: the holder's PIN comes out as an encrypted block, or does not come",
    async (kind) => {
      const opened = await sim.device("pinPad", kind);
      await loadKey(opened);
      expect(await enters(opened, PIN)).toBe(true);
      await sim.does(`${kind} holder wrong`);
      expect(await enters(opened, PIN)).toBe(false);
      await sim.does(`${kind} holder cancels`);
      expect(await opened.requestPinBlock(PIN_REQUEST, limits(10_000))).toEqual({ kind: "cancelled" });
      await sim.does(`${kind} holder enters`);
    },
    30_000,
  );

  it("pad-02h: one that sends digits in the clear is refused, and serves again when it does not", async () => {
    const opened = await sim.device("pinPad", "pad-02h");
    await loadKey(opened);
    await sim.does("pad-02h fault clear-digits");
    await expect(opened.requestPinBlock(PIN_REQUEST, limits(10_000))).rejects.toMatchObject({ code: "pad-refused" });
    await sim.does("pad-02h fault none");
    expect(await enters(opened, PIN)).toBe(true);
  }, 30_000);

  it("scanner-line: a code before the window, and half a one that is none", async () => {
    const scanner = await sim.device("scanner", "scanner-line");
    const session = scanner.openSession();
    await sim.does("scanner-line scan 6901234567892");
    expect(await session.next(limits(3_000))).toEqual({ data: utf8("6901234567892"), symbology: "]Q1" });
    await sim.does("scanner-line scan hex 011d32");
    expect(await session.next(limits(3_000))).toMatchObject({ data: fromHex("011d32") });
    session.close();
  }, 30_000);

  it("printer-escpos: a slip that can be read, paper that ends, a cover that is open", async () => {
    const printer = await sim.device("printer", "printer-escpos");
    expect(await printer.print(SLIP, limits(5_000))).toEqual({ kind: "printed" });
    expect(await sim.does("printer-escpos paper")).toMatchObject({ lines: ["合计 12.50"] });
    for (const state of ["paper-end", "cover-open"]) {
      await sim.does(`printer-escpos fault ${state}`);
      expect(await printer.print(SLIP, limits(5_000))).toEqual({ kind: "not-ready", state });
      await sim.does("printer-escpos fault none");
    }
    expect(await printer.state(limits(3_000))).toBe("ready");
  }, 30_000);

  it("display-led8: an amount that a customer reads", async () => {
    const display = await sim.device("display", "display-led8");
    await display.show("total", fen(1_250), limits(3_000));
    let shown = await sim.does("display-led8 shown");
    for (let waitedMs = 0; shown["text"] === "" && waitedMs < BACK_MS; waitedMs += STEP_MS) {
      await clock.sleep(STEP_MS);
      shown = await sim.does("display-led8 shown");
    }
    expect(shown).toMatchObject({ text: "12.50", lamp: "total" });
  }, 30_000);

  it.each([
    ["gate-fe", "passed", { openedCount: 1, opened: ["A"] }],
    ["gate-digicon", "passed", { openedCount: 1, opened: ["right-to-left"] }],
    ["gate-relay", "timeout", { switchedOnCount: 1, switchedOn: [0], isOpen: false }],
    [
      "gate-gpio",
      "timeout",
      {
        isOpen: false,
        levels: [
          { line: 17, level: 1 },
          { line: 17, level: 0 },
        ],
      },
    ],
  ] as const)(
    "%s: opens once, the passage is %s",
    async (kind, end, facts) => {
      const gate = await sim.device("gate", kind);
      expect(await gate.open("entry", { passageTimeoutMs: 8_000 }, limits(5_000))).toBe(end);
      expect(await sim.does(`${kind} show`)).toMatchObject(facts);
    },
    30_000,
  );

  it("gates: nobody walks, somebody turns back, the gate refuses", async () => {
    const digicon = await sim.device("gate", "gate-digicon");
    await sim.does("gate-digicon walker stays");
    expect(await digicon.open("entry", { passageTimeoutMs: 300 }, limits(3_000))).toBe("timeout");
    await sim.does("gate-digicon fault refusal");
    expect(await digicon.open("entry", { passageTimeoutMs: 300 }, limits(3_000))).toBe("fault");
    await sim.does("gate-digicon walker passes");
    expect(await digicon.open("entry", { passageTimeoutMs: 3_000 }, limits(3_000))).toBe("passed");
    const fe = await sim.device("gate", "gate-fe");
    await sim.does("gate-fe walker turns-back");
    expect(await fe.open("entry", { passageTimeoutMs: 8_000 }, limits(3_000))).toBe("reversed");
    await sim.does("gate-fe walker passes");
    const gpio = await sim.device("gate", "gate-gpio");
    await sim.does("gate-gpio fault refusal");
    expect(await gpio.open("entry", { passageTimeoutMs: 300 }, limits(5_000))).toBe("fault");
  }, 40_000);

  it("pad-02h: unplugged, hanging, garbled, late, slow, and well again each time", async () => {
    const opened = await sim.device("pinPad", "pad-02h");
    await loadKey(opened);
    await sim.does("pad-02h unplug");
    await untilAway(opened);
    await expect(opened.requestPinBlock(PIN_REQUEST, limits(2_000))).rejects.toMatchObject({ code: "pad-gone" });
    await sim.does("pad-02h plug");
    await untilThere(opened);
    expect(await enters(opened, PIN)).toBe(true);
    await sim.does("pad-02h hang");
    expect(await opened.health(limits(2_000))).toEqual({ kind: "broken", why: "timeout" });
    await sim.does("pad-02h release");
    await untilWell(opened);
    for (const [fault, health] of [
      ["garbled", { kind: "broken", why: "timeout" }],
      ["late=1500", { kind: "broken", why: "timeout" }],
      ["late=200", { kind: "well" }],
      ["slow=2", { kind: "well" }],
      ["battery", { kind: "degraded", why: expect.any(String) }],
    ] as const) {
      await sim.does(`pad-02h fault ${fault}`);
      expect(await opened.health(limits(2_500))).toEqual(health);
      await sim.does("pad-02h fault none");
      await untilWell(opened);
    }
    expect(await enters(opened, PIN)).toBe(true);
  }, 60_000);

  it("printer-escpos: unplugged, hanging, garbled, late, and well again each time", async () => {
    const printer = await sim.device("printer", "printer-escpos");
    await sim.does("printer-escpos unplug");
    await untilAway(printer);
    expect(await printer.print(SLIP, limits(2_000))).toEqual({ kind: "not-ready", state: "offline" });
    await sim.does("printer-escpos plug");
    await untilThere(printer);
    await sim.does("printer-escpos tear-off");
    expect(await printer.print(SLIP, limits(5_000))).toEqual({ kind: "printed" });
    for (const bad of ["hang", "fault garbled", "fault deaf"]) {
      await sim.does(`printer-escpos ${bad}`);
      expect(await printer.print(SLIP, limits(4_000))).toEqual({ kind: "not-ready", state: "unknown" });
      await sim.does(bad === "hang" ? "printer-escpos release" : "printer-escpos fault none");
      await untilWell(printer);
    }
    await sim.does("printer-escpos fault late=150");
    expect(await printer.print(SLIP, limits(8_000))).toEqual({ kind: "printed" });
    await sim.does("printer-escpos fault none");
    expect(await sim.does("printer-escpos paper")).toMatchObject({ lines: ["合计 12.50", "合计 12.50"] });
  }, 60_000);

  it("gate-relay: unplugged, hanging, garbled, late, and it opens again each time", async () => {
    const gate = await sim.device("gate", "gate-relay");
    const opens = (timeoutMs = 2_500) => gate.open("entry", { passageTimeoutMs: 300 }, limits(timeoutMs));
    await sim.does("gate-relay unplug");
    await untilAway(gate);
    await expect(opens()).rejects.toMatchObject({ code: "device-gone" });
    await sim.does("gate-relay plug");
    await untilThere(gate);
    expect(await opens()).toBe("timeout");
    for (const bad of ["hang", "fault garbled", "fault late=4000"]) {
      await sim.does(`gate-relay ${bad}`);
      await expect(opens(1_500)).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
      await sim.does(bad === "hang" ? "gate-relay release" : "gate-relay fault none");
      await untilWell(gate);
    }
    await sim.does("gate-relay fault late=100,pieces=1,slow=5");
    expect(await opens()).toBe("timeout");
    await sim.does("gate-relay fault none");
  }, 60_000);

  it("gate-gpio: without its chip, hanging, garbled, late", async () => {
    const gate = await sim.device("gate", "gate-gpio");
    await sim.does("gate-gpio unplug");
    expect(await gate.health(limits(5_000))).toEqual({ kind: "away" });
    await sim.does("gate-gpio plug");
    expect(await gate.health(limits(5_000))).toEqual({ kind: "well" });
    await sim.does("gate-gpio hang");
    await expect(gate.open("entry", { passageTimeoutMs: 100 }, limits(1_000))).rejects.toMatchObject({ code: "timeout" });
    await sim.does("gate-gpio release");
    await sim.does("gate-gpio fault late=200");
    expect(await gate.open("exit", { passageTimeoutMs: 100 }, limits(5_000))).toBe("timeout");
    await sim.does("gate-gpio fault none");
  }, 40_000);
});

describe("the end of sim --devices", () => {
  it.each(["quit", "end of input", "SIGTERM", "SIGINT", "a reader that has gone"] as const)(
    "at %s nothing is left: no helper, no folder, though a device hangs",
    async (how) => {
      const sim = new Simulators(["--devices", "pad-02h,gate-fe,gate-gpio"]);
      const [first] = await sim.ready();
      const path = first?.path ?? "";
      const folder = dirname(path);
      expect(processesOf(folder)).toHaveLength(2);
      await sim.does("gate-fe hang");
      await sim.does("pad-02h unplug");
      expect([existsSync(path), existsSync(`${folder}/gate-fe`), processesOf(folder).length]).toEqual([false, true, 1]);
      if (how === "quit") sim.child.stdin?.write("quit\n");
      else if (how === "end of input") sim.child.stdin?.end();
      else if (how === "SIGTERM" || how === "SIGINT") sim.child.kill(how);
      else {
        sim.child.stdout?.destroy();
        sim.child.stdin?.write("show\n");
      }
      expect(await sim.ended).toBe(0);
      const end = { event: "end", devices: [{ kind: "pad-02h" }, { kind: "gate-fe" }, { kind: "gate-gpio" }] };
      expect(JSON.parse(sim.said.at(-1) ?? "{}")).toMatchObject(how === "a reader that has gone" ? { ok: true } : end);
      expect([existsSync(folder), processesOf(folder)]).toEqual([false, []]);
    },
    30_000,
  );
});
