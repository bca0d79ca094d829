/*
 * A desk with every simulated device at once, as one machine would see it: readers behind a private PC/SC service, serial devices on pseudo
 * terminals, HID devices in a private /sys, the GPIO tools as stand-ins. The command under test runs inside.
 */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandRun, type Kind, runYikatong, SerialDesk } from "../../device/commands/testing.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { printedChips, printedVersion } from "../../simulators/gate/gpioset.ts";
import { HidrawNode, VENDOR_DESCRIPTOR } from "../../simulators/hid/hidraw.ts";
import { HidPadEnd } from "../../simulators/pinpad/hid-end.ts";
import { ScriptedHolder } from "../../simulators/pinpad/holder.ts";
import { SimulatedPad02h } from "../../simulators/pinpad/pad-02h.ts";
import { type PcscdReader, PrivatePcscd } from "../../simulators/reader/pcscd.ts";
import { SimulatorProcess } from "../../simulators/reader/process-client.ts";
import { SCANNER_DESCRIPTORS } from "../../simulators/scanner/hid-scanner.ts";

/** Links as device rules make them by role, where one name can say what hangs there. */
const SERIAL: Partial<Readonly<Record<Kind, string>>> = {
  padSplit: "serial-1",
  padNewland: "serial-2",
  scanner: "serial-3",
  printer: "printer",
  display: "display",
  gateFe: "gate-fe",
  gateDigicon: "serial-4",
  gateRelay: "gate",
};

export class WholeDesk {
  readonly serial: SerialDesk;
  readonly pad: SimulatedPad02h;
  readonly padHolder: ScriptedHolder;
  readonly scanner: HidrawNode;
  readonly simulator: SimulatorProcess;
  readonly #folder: string;
  readonly #padNode: HidrawNode;
  readonly #service: PrivatePcscd;

  private constructor(parts: {
    serial: SerialDesk;
    nodes: readonly [HidrawNode, HidrawNode];
    simulator: SimulatorProcess;
    service: PrivatePcscd;
    folder: string;
  }) {
    this.serial = parts.serial;
    [this.scanner, this.#padNode] = parts.nodes;
    this.simulator = parts.simulator;
    this.#service = parts.service;
    this.#folder = parts.folder;
    const node = this.#padNode;
    const end = new HidPadEnd({
      onReport: (listener) =>
        node.onReport((kind, report) => {
          if (kind === "output") listener(report);
        }),
      input: (report) => node.input(report),
    });
    this.padHolder = new ScriptedHolder([{ kind: "cancels" }, { kind: "enters", digits: "246813" }]);
    this.pad = new SimulatedPad02h({ clock: systemClock(), suite: openCipherSuite(), holder: this.padHolder });
    this.pad.attach(end);
  }

  static async open(): Promise<WholeDesk> {
    const folder = mkdtempSync(join(tmpdir(), "ykt-whole-"));
    const serial = new SerialDesk(SERIAL);
    await serial.plugIn();
    const scanner = await HidrawNode.open({
      vendorId: 0x0c2e,
      productId: 0x0b61,
      serialNumber: "SN0002",
      product: "HID scanner",
      descriptor: SCANNER_DESCRIPTORS.counted,
    });
    const pad = await HidrawNode.open({ vendorId: 0x1fc9, productId: 0x5353, serialNumber: "PAD0001", product: "HID pad", descriptor: VENDOR_DESCRIPTOR });
    for (const node of [scanner, pad]) await node.plugIn();
    symlinkSync(pad.path, join(serial.folder, "pin-pad"));
    writeTools(folder);
    const { simulator, service } = await startReaders(folder);
    return new WholeDesk({ serial, nodes: [scanner, pad], simulator, service, folder });
  }

  /** Runs the command as a program of this machine. */
  run(...args: readonly string[]): Promise<CommandRun> {
    const script = [this.scanner.sysScript(0), this.#padNode.sysScript(1)].join("\n");
    const env = { ...this.#service.environment, PATH: `${this.#folder}:${process.env["PATH"] ?? ""}` };
    const before = ["unshare", "-m", "sh", "-c", `export SYSTEMD_DEVICE_VERIFY_SYSFS=0\n${script}\ncd / && exec "$@"`, "sh"];
    return runYikatong(args, { env, before });
  }

  async close(): Promise<void> {
    await this.#service.kill();
    await this.simulator.stop();
    await this.scanner.close();
    await this.#padNode.close();
    await this.serial.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The tools where programs look for them: they print what the real ones print, and move nothing. */
function writeTools(folder: string): void {
  const printed = { gpiodetect: printedChips(["raspberrypi-exp-gpio", "pinctrl-rp1"]), gpioset: printedVersion("v2") };
  for (const [name, text] of Object.entries(printed)) {
    writeFileSync(join(folder, name), `#!/bin/sh\ncat <<'END'\n${text}END\n`);
    chmodSync(join(folder, name), 0o755);
  }
}

async function startReaders(folder: string): Promise<{ readonly simulator: SimulatorProcess; readonly service: PrivatePcscd }> {
  const readers: readonly PcscdReader[] = [
    { name: "Yikatong SIM Contactless Reader", socketPath: join(folder, "radio.sock"), slots: 1 },
    { name: "Yikatong SIM Contact Reader", socketPath: join(folder, "contact.sock"), slots: 1 },
    { name: "Yikatong SIM SAM Reader", socketPath: join(folder, "sam.sock"), slots: 2 },
  ];
  const simulator = await SimulatorProcess.start();
  for (const { name, socketPath, slots } of readers) await simulator.request({ do: "open-reader", reader: name, socketPath, slots });
  await simulator.request({ do: "make-psam", name: "psam", options: {} });
  await simulator.request({ do: "insert", name: "psam", reader: "Yikatong SIM SAM Reader", slot: 0 });
  await simulator.request({ do: "make-card", name: "card", options: { balanceFen: 10_000, algorithm: "sm4", serial: 1, pin: "123456" } });
  await simulator.request({ do: "insert", name: "card", reader: "Yikatong SIM Contactless Reader", slot: 0 });
  const service = new PrivatePcscd({ folder, readers });
  await service.start();
  return { simulator, service };
}
