/*
 * `yikatong devices` on a machine with every simulated device attached: readers behind the real PC/SC service, serial devices on ptys, HID
 * devices as hidraw nodes, GPIO chips by stand-in tools. With YIKATONG_DEVICES_REPORT=<file> what it printed is written there.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toHex, utf8 } from "../device/base/bytes.ts";
import { type CommandRun, jsonOf, type ListJson, UNTOUCHED } from "../device/commands/testing.ts";
import { exampleConfig } from "../device/config/testing.ts";
import { MASTER, SUITE, WORK } from "../device/drivers/pad-02h/testing.ts";
import { systemClock } from "../device/system/clock.ts";
import { encryptBlocks } from "../simulators/crypto/blocks.ts";
import { hidrawObstacle } from "../simulators/hid/hidraw.ts";
import { scanReports } from "../simulators/scanner/hid-scanner.ts";
import { pcscdLaneObstacle } from "./benches/pcscd.ts";
import { WholeDesk } from "./benches/whole-desk.ts";

const obstacle = hidrawObstacle() ?? pcscdLaneObstacle();

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

/** Of a made-up person; its digits must not be printed. */
const E_CODE = "4240000000000000000199330000";

describe.skipIf(obstacle !== undefined)(`a machine with every device${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let desk: WholeDesk;
  let config: string;
  const report: string[] = [];

  beforeAll(async () => {
    desk = await WholeDesk.open();
    config = mkdtempSync(join(tmpdir(), "ykt-config-"));
  });

  afterAll(async () => {
    await desk.close();
    rmSync(config, { recursive: true, force: true });
    const file = process.env["YIKATONG_DEVICES_REPORT"];
    if (file !== undefined) writeFileSync(file, `${report.join("\n")}\n`);
  });

  /** Runs the command and keeps what it printed, as a person would see it. */
  async function shown(...args: readonly string[]): Promise<CommandRun> {
    const run = await desk.run(...args);
    const said = [run.stdout, ...(run.stderr === "" ? [] : ["[standard error]", run.stderr])].map((text) => text.trimEnd());
    const typed = args.join(" ").replace(/(--work-key) \S+/, "$1 <wrapped key>");
    report.push(`$ yikatong ${typed}`, ...said, `[exit code ${run.code}]`, "");
    return run;
  }

  it("is listed, with what each thing is taken for and why", async () => {
    const run = await shown("devices", "--ports", desk.serial.folder);
    expect(run.code, run.stderr).toBe(0);
    const lines = run.stdout.split("\n");
    const row = (what: string) => lines.find((line) => line.includes(what)) ?? "";
    expect(row("HID scanner")).toMatch(/scanner 扫码器: scannerHid .*usage page 8c, usage 02: a scanner of the page of points of sale/);
    expect(row("HID pad")).toMatch(/pinPad 密码键盘: pad02hHid/);
    expect(row("SIM Contactless Reader")).toMatch(/user 用户读卡器: contactless .*something lies in it/);
    expect(row("SIM Contact Reader")).toMatch(/user 用户读卡器: contact .*empty/);
    expect([row("SAM Reader 02 00"), row("SAM Reader 02 01")]).toEqual([
      expect.stringMatching(/sam 安全模块: slot .*something lies in it/),
      expect.stringMatching(/sam 安全模块: slot .*empty/),
    ]);
    expect(row("/display")).toMatch(/display 客显屏: displayLed8/);
    expect(row("/gate-fe")).toMatch(/gate 闸机: gateFe/);
    expect(row("/gate ")).toMatch(/cannot be told .*it may be gateFe .* or gateDigicon .* or gateRelay/);
    expect(row("pinctrl-rp1")).toMatch(/GPIO chip .*cannot be told .*no program can see/);
  });

  it("is asked what cannot be told by looking; nothing is done at any device", async () => {
    const run = await shown("devices", "probe", "--ports", desk.serial.folder, "--user", "contactless");
    expect(run.code, run.stderr).toBe(0);
    expect([desk.serial.record, desk.padHolder.asked]).toEqual([UNTOUCHED, 0]);
    const { devices, readers } = JSON.parse(run.stdout) as { readonly devices: unknown; readonly readers: unknown };
    expect(readers).toEqual({
      user: { interface: "contactless", nameIncludes: ["Yikatong SIM Contactless Reader"] },
      sam: { interface: "sam", nameIncludes: ["Yikatong SIM SAM Reader"], slot: 0 },
    });
    // A link says which of the pads and gates is meant, what was told by a page stands for the scanner.
    expect(devices).toMatchObject({
      pinPad: { adapter: "pad02hHid", device: { path: join(desk.serial.folder, "pin-pad") } },
      scanner: { adapter: "scannerHid" },
      printer: { adapter: "printerEscPos" },
      display: { adapter: "displayLed8" },
      gate: { adapter: "gateRelay" },
    });
    const file = join(config, "config.json");
    writeFileSync(file, JSON.stringify(exampleConfig({ devices, readers })));
    expect((await desk.run("config", "set", "--config", config, file)).code).toBe(0);
  });

  it("has every role of its configuration well", async () => {
    const run = await shown("devices", "--ports", desk.serial.folder, "--config", config);
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect(run.stdout.match(/well 正常/g)).toHaveLength(7);
  });

  it("says what is away, with another exit code", async () => {
    await desk.serial.unplug("printer");
    await desk.simulator.request({ do: "remove", reader: "Yikatong SIM SAM Reader", slot: 0 });
    const { roles } = jsonOf<ListJson>(await desk.run("devices", "--json", "--ports", desk.serial.folder, "--config", config));
    const troubled = roles.filter(({ state }) => state !== "well");
    expect(troubled.map(({ role, state }) => [role, state])).toEqual([
      ["sam", "broken"],
      ["printer", "away"],
    ]);
    await desk.simulator.request({ do: "insert", name: "psam", reader: "Yikatong SIM SAM Reader", slot: 0 });
    const run = await shown("devices", "--ports", desk.serial.folder, "--config", config);
    expect([run.code, run.stdout]).toEqual([1, expect.stringMatching(/printer 打印机 .* AWAY 未连接 .*configured, but not there/)]);
  });

  it("has its readers, its pad and its scanner tried", async () => {
    const card = await shown("devices", "try", "userReader", "--config", config);
    expect([card.code, card.stdout]).toEqual([0, expect.stringMatching(/a card with .*social.*purse/s)]);
    const module = await shown("devices", "try", "sam", "--config", config);
    expect([module.code, module.stdout]).toEqual([0, expect.stringMatching(/its terminal number is [0-9]{12}/)]);
    expect(desk.padHolder.asked).toBe(0);
    const wrapped = toHex(encryptBlocks(SUITE, "3des", MASTER, WORK));
    for (const [asked, said] of [
      [1, "pinPad: cancelled\npinPad: 已取消\n"],
      [2, "pinPad: entered\npinPad: 已输入\n"],
    ] as const) {
      const entry = await shown("devices", "try", "pinPad", "--config", config, "--work-key", wrapped);
      expect([entry.code, entry.stdout, desk.padHolder.asked], entry.stderr).toEqual([0, said, asked]);
    }
    const scanning = shown("devices", "try", "scanner", "--config", config);
    const over = new AbortController();
    void holdCode(over.signal);
    const scanned = await scanning;
    over.abort();
    expect([scanned.code, scanned.stdout]).toEqual([0, expect.stringMatching(/a medical e-code \(its digits stay here\), 28 characters, \]Q1/)]);
    expect(scanned.stdout + scanned.stderr).not.toContain("4240000");
  });

  /** A person holds the code before the scanner until it was taken. */
  async function holdCode(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      for (const each of scanReports("counted", utf8(E_CODE))) desk.scanner.input(each);
      await systemClock().sleep(300);
    }
  }
});
