/*
 * A HID device that the kernel is told of through /dev/uhid: from there on hidraw, sysfs and udev are the real ones. Each message is one
 * packed, little-endian structure that begins with its type. The kernel has it in linux/uhid.h.
 */
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import type { HidIdentity } from "../../../simulators/hid/hidraw.ts";
import { DeviceNode } from "./nodes.ts";

const TYPE = { destroy: 1, output: 6, create: 11, input: 12 } as const;
const BUS_USB = 3;
const MESSAGE_BYTES = 4_380;
const OUTPUT_SIZE_AT = 4 + 4_096;
const DESCRIPTOR_BYTES_MAX = 4_096;

/** Where everything stands in the message that creates a device. */
const CREATE = { name: 4, unique: 196, descriptorSize: 260, bus: 262, vendor: 264, product: 268, descriptor: 280 } as const;

function createMessage(identity: HidIdentity): Bytes {
  const message = new Uint8Array(CREATE.descriptor + DESCRIPTOR_BYTES_MAX);
  const view = new DataView(message.buffer);
  view.setUint32(0, TYPE.create, true);
  message.set(utf8(identity.product).slice(0, 127), CREATE.name);
  message.set(utf8(identity.serialNumber).slice(0, 63), CREATE.unique);
  view.setUint16(CREATE.descriptorSize, identity.descriptor.length, true);
  view.setUint16(CREATE.bus, BUS_USB, true);
  view.setUint32(CREATE.vendor, identity.vendorId, true);
  view.setUint32(CREATE.product, identity.productId, true);
  message.set(identity.descriptor, CREATE.descriptor);
  return message;
}

export class UhidDevice {
  readonly #node: DeviceNode;

  /** `onOutput` is given each output report as it arrives. */
  constructor(onOutput: (report: Bytes) => void = () => undefined) {
    this.#node = new DeviceNode("/dev/uhid", MESSAGE_BYTES, (message) => {
      const view = new DataView(message.buffer, message.byteOffset, message.length);
      if (view.getUint32(0, true) !== TYPE.output) return;
      onOutput(message.slice(4, 4 + view.getUint16(OUTPUT_SIZE_AT, true)));
    });
  }

  plugIn(identity: HidIdentity): Promise<void> {
    return this.#node.write(createMessage(identity));
  }

  unplug(): Promise<void> {
    return this.#node.write(Uint8Array.of(TYPE.destroy, 0, 0, 0));
  }

  input(report: Bytes): Promise<void> {
    const message = new Uint8Array(6 + report.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, TYPE.input, true);
    view.setUint16(4, report.length, true);
    message.set(report, 6);
    return this.#node.write(message);
  }

  close(): void {
    this.#node.close();
  }
}
