/* Device files that are read without waiting: a read that waits would hold a thread, and the end of the process, for ever. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { Bytes } from "../../../device/base/bytes.ts";

const LOOK_MS = 5;
const WRITE_TRIES_MAX = 400;

function isAgain(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

export class DeviceNode {
  readonly #descriptor: number;
  readonly #timer: NodeJS.Timeout;
  #open = true;

  /** `onRead` is given what each read gives. */
  constructor(path: string, readBytes: number, onRead: (bytes: Bytes) => void) {
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const buffer = new Uint8Array(readBytes);
    this.#timer = setInterval(() => {
      for (let bytes = this.#read(buffer); bytes !== undefined; bytes = this.#read(buffer)) onRead(bytes);
    }, LOOK_MS);
  }

  /** One write is one message; a device that is busy is tried again for a while. */
  async write(bytes: Bytes): Promise<void> {
    for (let tries = 0; this.#open && tries < WRITE_TRIES_MAX; tries += 1) {
      try {
        writeSync(this.#descriptor, bytes);
        return;
      } catch (error) {
        if (!isAgain(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    }
    throw new Error("the device file takes nothing");
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    closeSync(this.#descriptor);
  }

  #read(buffer: Uint8Array): Bytes | undefined {
    if (!this.#open) return undefined;
    try {
      const count = readSync(this.#descriptor, buffer, 0, buffer.length, null);
      return count === 0 ? undefined : buffer.slice(0, count);
    } catch (error) {
      // The device's own driver ends a read when its host has gone.
      if (!isAgain(error) && this.#open) this.close();
      return undefined;
    }
  }
}
