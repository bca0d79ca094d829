/*
 * A HID device as a real USB gadget: the kernel's own loop of host and device controller enumerates it, so that descriptors, addresses and
 * disconnection are those of USB. Plugging is writing the name of the device controller.
 */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../../../device/base/bytes.ts";
import type { HidIdentity } from "../../../simulators/hid/hidraw.ts";
import { DeviceNode } from "./nodes.ts";

const FOLDER = "/sys/kernel/config/usb_gadget/pad";
const NODE = "/dev/hidg0";
const LANGUAGE = "strings/0x409";
const NODE_LIMIT_MS = 20_000;
const LOOK_MS = 10;

export class GadgetDevice {
  readonly #reportBytes: number;
  #node: DeviceNode | undefined;
  #listener: (report: Bytes) => void = () => undefined;

  constructor(identity: HidIdentity, reportBytes: number) {
    this.#reportBytes = reportBytes;
    const put = (name: string, text: string | Bytes) => writeFileSync(join(FOLDER, name), text);
    for (const folder of ["", LANGUAGE, "configs/c.1", "functions/hid.0"]) mkdirSync(join(FOLDER, folder), { recursive: true });
    put("idVendor", `0x${identity.vendorId.toString(16)}`);
    put("idProduct", `0x${identity.productId.toString(16)}`);
    put(`${LANGUAGE}/serialnumber`, identity.serialNumber);
    put(`${LANGUAGE}/manufacturer`, "Simulated");
    put(`${LANGUAGE}/product`, identity.product);
    put("functions/hid.0/protocol", "0");
    put("functions/hid.0/report_length", String(reportBytes));
    put("functions/hid.0/report_desc", identity.descriptor);
    symlinkSync(join(FOLDER, "functions/hid.0"), join(FOLDER, "configs/c.1/hid.0"));
  }

  get isPluggedIn(): boolean {
    return this.#node !== undefined;
  }

  onReport(listener: (report: Bytes) => void): void {
    this.#listener = listener;
  }

  input(report: Bytes): void {
    // A report for a host that is gone is lost, as on a cable.
    this.#node?.write(report).catch(() => undefined);
  }

  /** Resolves when the device's own side is there; the host finds it afterwards. */
  async plugIn(): Promise<void> {
    const [controller] = readdirSync("/sys/class/udc");
    writeFileSync(join(FOLDER, "UDC"), `${controller}\n`);
    for (let waitedMs = 0; !existsSync(NODE) && waitedMs < NODE_LIMIT_MS; waitedMs += LOOK_MS) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    this.#node = new DeviceNode(NODE, this.#reportBytes, (report) => this.#listener(report));
  }

  unplug(): void {
    this.#node?.close();
    this.#node = undefined;
    writeFileSync(join(FOLDER, "UDC"), "\n");
  }
}
