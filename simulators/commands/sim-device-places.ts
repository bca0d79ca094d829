/* Where the devices of `sim --devices` hang: on lines of bytes, and on HID nodes. */
import type { Bytes } from "../../device/base/bytes.ts";
import type { HidrawNode } from "../hid/hidraw.ts";
import type { FarEnd } from "../line/far-end.ts";
import type { DeviceLine, DevicePlace } from "./sim-device.ts";

/** A device on a line of bytes. Its power comes with the line, so that it begins anew with each plug. */
export function linePlace(line: DeviceLine, attach: (end: FarEnd) => void): DevicePlace {
  let current = 0;
  return {
    path: line.path,
    get pluggedIn() {
      return line.pluggedIn;
    },
    plugIn: () => {
      current += 1;
      const plug = current;
      // What a device still had to say when the plug was pulled is not said on its next line.
      attach({ onBytes: (listener) => line.onBytes(listener), write: (bytes) => (plug === current ? line.write(bytes) : undefined) });
      return line.plugIn();
    },
    unplug: () => {
      current += 1;
      return line.unplug();
    },
    hold: () => line.hold(),
    release: () => line.release(),
    close: () => line.unplug(),
  };
}

/** More than this is lost while a device hangs. */
const HELD_MAX = 256;

/** Keeps what goes through it while a device hangs; for ways that cannot be stopped where they run. */
export class Held {
  #waiting: (() => void)[] | undefined;

  hold(): void {
    this.#waiting ??= [];
  }

  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const each of waiting) each();
  }

  forget(): void {
    this.#waiting = undefined;
  }

  /** A way that waits while the device hangs. */
  through(way: (bytes: Bytes) => void): (bytes: Bytes) => void {
    return (bytes) => {
      if (this.#waiting === undefined) way(bytes);
      else if (this.#waiting.length < HELD_MAX) this.#waiting.push(() => way(bytes));
    };
  }
}

/** A place on a HID node; what hangs there is given its reports whole. */
export function nodePlace(node: HidrawNode, held: Held, attach: () => void): DevicePlace {
  let pluggedIn = false;
  return {
    path: node.path,
    get pluggedIn() {
      return pluggedIn;
    },
    plugIn: async () => {
      held.forget();
      attach();
      await node.plugIn();
      pluggedIn = true;
    },
    unplug: async () => {
      pluggedIn = false;
      held.forget();
      await node.unplug();
    },
    hold: () => held.hold(),
    release: () => held.release(),
    close: () => node.close(),
  };
}
