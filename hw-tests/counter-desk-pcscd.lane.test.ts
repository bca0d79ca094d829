/*
 * A whole counter as the configuration names it: the terminal's own process, its reader with lamps behind the real PC/SC service, and printer,
 * display, scanner, pad and gate on ttys. What flows and counters ask of them reaches them, and what is pulled out comes back by itself.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../device/base/bytes.ts";
import { openCipherSuite } from "../device/crypto/suite.ts";
import { systemClock } from "../device/system/clock.ts";
import { SimulatedLed8 } from "../simulators/display/led8.ts";
import { SimulatedFeBoard } from "../simulators/gate/fe-board.ts";
import { PtyDevice } from "../simulators/line/pty.ts";
import { ScriptedHolder } from "../simulators/pinpad/holder.ts";
import { SimulatedPad02h } from "../simulators/pinpad/pad-02h.ts";
import { SimulatedPrinter } from "../simulators/printer/escpos-printer.ts";
import type { LampsSeen } from "../simulators/reader/lamps.ts";
import { SimulatedLineScanner } from "../simulators/scanner/line-scanner.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { WholeTerminal } from "./benches/whole-terminal.ts";

const obstacle = pcscdLaneObstacle();
const clock = systemClock();
const BACK_MS = 2_000;
const TRACE_CODE = "81234567890123456789";

/** The devices of one desk, each on a tty of its own. */
async function deskDevices(folder: string) {
  const lines = {
    printer: line(folder, "printer"),
    display: line(folder, "display"),
    scanner: line(folder, "scanner"),
    pinPad: line(folder, "pad"),
    gate: line(folder, "gate"),
  };
  await Promise.all(Object.values(lines).map((each) => each.plugIn()));
  const simulated = {
    printer: new SimulatedPrinter({ clock }),
    display: new SimulatedLed8({}),
    scanner: new SimulatedLineScanner({ clock, settings: { end: "\r", identifier: "sent" } }),
    pinPad: new SimulatedPad02h({ clock, suite: openCipherSuite(), holder: new ScriptedHolder([]) }),
    gate: new SimulatedFeBoard({ clock, walker: { walk: "passes", afterMs: 30 }, settings: { feStatusQuery: "off", boardPassageMs: 400 } }),
  };
  const attach = (role: keyof typeof lines) => simulated[role].attach(lines[role]);
  for (const role of Object.keys(lines) as (keyof typeof lines)[]) attach(role);
  const configured = {
    printer: { adapter: "printerEscPos", port: { path: lines.printer.path } },
    display: { adapter: "displayLed8", port: { path: lines.display.path } },
    scanner: { adapter: "scannerLine", port: { path: lines.scanner.path } },
    pinPad: { adapter: "pad02h", port: { path: lines.pinPad.path } },
    gate: { adapter: "gateFe", port: { path: lines.gate.path } },
  };
  return { lines, simulated, attach, configured };
}

function line(folder: string, name: string): PtyDevice {
  return new PtyDevice(join(folder, name));
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const beganMs = clock.monotonicMs(); !(await what()); await clock.sleep(5)) {
    if (clock.monotonicMs() - beganMs > 5_000) throw new Error("it did not happen in time");
  }
}

describe.skipIf(obstacle !== undefined)(`a counter with all its devices${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "ykt-desk-"));
  let stage: PcscdStage;
  let desk: Awaited<ReturnType<typeof deskDevices>>;
  let terminal: WholeTerminal;

  beforeAll(async () => {
    stage = await PcscdStage.start();
    await stage.simulator.request({ do: "lamps", dialect: "escape", reader: "counter" });
    desk = await deskDevices(folder);
    terminal = await WholeTerminal.start(stage, { devices: desk.configured, userReader: { lamp: { dialect: "escape", acsLed: "send", polling: "fast" } } });
    await until(async () => JSON.stringify(await terminal.ask({ do: "devices" })).match(/"kind":"well"/g)?.length === 5);
  }, 60_000);
  afterAll(async () => {
    await terminal.stop();
    await stage.stop();
    await Promise.all(Object.values(desk.lines).map((each) => each.unplug()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function lamps(): Promise<LampsSeen> {
    // The desk answers with what its lamps have seen.
    return (await stage.simulator.request({ do: "lamps-seen", reader: "counter" })) as LampsSeen;
  }

  it("tells how each device is, by its role", async () => {
    const { devices } = await terminal.ask({ do: "devices" });
    const well = { kind: "well" };
    expect(devices).toMatchObject({ printer: well, display: well, scanner: well, pinPad: well, gate: well });
  });

  it("a second terminal on the same journal says so and ends", async () => {
    const { code, complaints } = await terminal.startAnother(stage);
    expect(code).toBe(1);
    expect(complaints).toContain("store-in-use");
  }, 40_000);

  it("shows the amount while a card is wanted, and says with light and sound that it was accepted", async () => {
    const sale = terminal.ask({ do: "quick-payment", reference: "sale-1", amountFen: 450 });
    await until(() => desk.simulated.display.shown.text === "4.50");
    expect(desk.simulated.display.shown.lamp).toBe("total");
    await stage.insert(await stage.makeCard());
    expect(await sale).toMatchObject({ kind: "paid" });
    await until(async () => (await lamps()).beepsMs.length > 0);
    expect(await lamps()).toMatchObject({ red: false, green: true, beepsMs: [100], polling: 0x89 });
    await until(() => desk.simulated.display.shown.text === "");
    await stage.takeOut();
  });

  it("asks for the same card again after a torn debit, and accepts it when it is back", async () => {
    const before = (await lamps()).beepsMs.length;
    const card = await stage.makeCard();
    await stage.insert(card);
    await stage.simulator.request({ do: "plan", plan: { fate: "tear", at: "after", commandPrefix: "8054" }, reader: "counter" });
    const sale = terminal.ask({ do: "quick-payment", reference: "sale-2", amountFen: 450 });
    await stage.whenTorn();
    await until(async () => (await lamps()).beepsMs.length === before + 1);
    expect(await lamps()).toMatchObject({ red: true, green: true });
    await stage.insert(card);
    expect(await sale).toMatchObject({ kind: "paid" });
    await until(async () => (await lamps()).beepsMs.length === before + 2);
    expect(await lamps()).toMatchObject({ red: false, green: true });
    await stage.takeOut();
  });

  it("prints what the counter sends, and says in words why it cannot", async () => {
    const slip = [{ kind: "text", text: "合计", align: "center" }, { kind: "columns", left: "金额", right: "4.50" }, { kind: "cut" }];
    expect(await terminal.ask({ do: "print", slip })).toMatchObject({ kind: "printed" });
    expect(desk.simulated.printer.paper.lines.join("\n")).toContain("合计");
    desk.simulated.printer.setFaults({ coverOpen: true });
    expect(await terminal.ask({ do: "print", slip })).toMatchObject({ kind: "failed", reason: "printer-cover-open", says: { zh: "打印机盖未关闭。" } });
    desk.simulated.printer.setFaults({ coverOpen: false });
  });

  it("hands a scanned trace code to the counter", async () => {
    const scanned = terminal.ask({ do: "scan" });
    await clock.sleep(100);
    desk.simulated.scanner.scan(utf8(TRACE_CODE), "]C0");
    expect(await scanned).toMatchObject({ kind: "scanned", is: "trace-code", code: TRACE_CODE });
  });

  it.each(["printer", "pinPad", "gate", "scanner", "display"] as const)(
    "a %s that is pulled out is away, and serves again within two seconds of its return",
    async (role) => {
      const kindOf = async () => (await terminal.ask({ do: "devices" }))["devices"] as Readonly<Record<string, { readonly kind: string }>>;
      await desk.lines[role].unplug();
      await until(async () => (await kindOf())[role]?.kind === "away");
      await desk.lines[role].plugIn();
      desk.attach(role);
      const backMs = clock.monotonicMs();
      await until(async () => (await kindOf())[role]?.kind === "well");
      expect(clock.monotonicMs() - backMs).toBeLessThan(BACK_MS);
    },
  );

  it("a lamp, a display and a printer that are away stop no sale", async () => {
    await desk.lines.display.unplug();
    await desk.lines.printer.unplug();
    await stage.simulator.request({ do: "no-lamps", reader: "counter" });
    await stage.insert(await stage.makeCard());
    expect(await terminal.ask({ do: "quick-payment", reference: "sale-3", amountFen: 450 })).toMatchObject({ kind: "paid" });
    expect(await terminal.ask({ do: "show", what: "total", amountFen: 1 })).toMatchObject({ kind: "failed", reason: "device-gone", effectUnknown: false });
    expect(terminal.log).toContain("feedback-not-given");
    await stage.takeOut();
  });
});
