/*
 * The loop of every line's process: open the device, hand on what it says, notice its loss, find it again. The native part is given in;
 * nothing here knows whether it is a tty or a HID node.
 */
import type { Bytes } from "../../base/bytes.ts";
import { asLineOrder, type LineMessage, type LineOrder } from "./line-messages.ts";

/** A device that is open. */
export interface OpenDevice {
  readonly descriptor?: Bytes;
  write(bytes: Bytes): Promise<void>;
  sendFeature(bytes: Bytes): Promise<void>;
  /** Lets the device go; never rejects and does not wait for what hangs. */
  close(): Promise<void>;
}

export interface DeviceEvents {
  onBytes(bytes: Bytes): void;
  /** Called once, when the device is lost. */
  onLost(why: string): void;
}

/** Opens the device that `options` names; rejects when it is not there or cannot be opened. */
export type OpenNative = (options: unknown, events: DeviceEvents) => Promise<OpenDevice>;

/** Pause between looks for a device that is away: short against the two seconds within which it must serve again. */
const LOOK_AGAIN_MS = 150;
/** An open that takes longer never comes back, and nobody would look for the device again: the process ends, and another one is started. */
const OPEN_MAX_MS = 5_000;

function tell(message: LineMessage): void {
  // A parent that has gone away is told by "disconnect"; a message that no longer reaches it is no error of ours.
  process.send?.(message, undefined, undefined, () => undefined);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class LineProcess {
  readonly #openNative: OpenNative;
  #options: unknown;
  #device: OpenDevice | undefined;
  #toldAway = false;

  constructor(openNative: OpenNative) {
    this.#openNative = openNative;
  }

  obey(order: LineOrder): void {
    if (order.do === "open") {
      this.#options = order.options;
      void this.#look();
    } else if (order.do === "ping") tell({ is: "done", id: order.id });
    else void this.#send(order);
  }

  async #look(): Promise<void> {
    let lost = false;
    const hangs = setTimeout(() => process.kill(process.pid, "SIGKILL"), OPEN_MAX_MS);
    try {
      const device = await this.#openNative(this.#options, {
        onBytes: (bytes) => {
          if (!lost) tell({ is: "bytes", bytes });
        },
        onLost: (why) => {
          if (lost) return;
          lost = true;
          void this.#lose(why);
        },
      });
      // It may have gone while it was being opened.
      if (lost) return void device.close();
      this.#device = device;
      this.#toldAway = false;
      tell({ is: "open", ...(device.descriptor === undefined ? {} : { descriptor: device.descriptor }) });
    } catch (error) {
      this.#away(textOf(error));
    } finally {
      clearTimeout(hangs);
    }
  }

  async #lose(why: string): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    this.#away(why);
    await device?.close();
  }

  #away(why: string): void {
    if (!this.#toldAway) tell({ is: "away", why });
    this.#toldAway = true;
    setTimeout(() => void this.#look(), LOOK_AGAIN_MS);
  }

  async #send(order: Extract<LineOrder, { readonly do: "write" | "feature" }>): Promise<void> {
    const device = this.#device;
    if (device === undefined) return tell({ is: "failed", id: order.id, why: "the device is not there", sent: false });
    try {
      await (order.do === "write" ? device.write(order.bytes) : device.sendFeature(order.bytes));
      tell({ is: "done", id: order.id });
    } catch (error) {
      tell({ is: "failed", id: order.id, why: textOf(error), sent: true });
    }
  }
}

/** Serves the parent until it goes away. */
export function runLineProcess(openNative: OpenNative): void {
  const line = new LineProcess(openNative);
  process.on("message", (message) => {
    const order = asLineOrder(message);
    if (order !== undefined) line.obey(order);
  });
  // Without its parent the process has nobody to serve, and a native call that hangs must not keep it alive.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
}
