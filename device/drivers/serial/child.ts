/*
 * The process of one serial line: the only importer of the serial binding. The binding's own read takes zero bytes for "try again" and spins
 * for ever after a hang-up; here zero bytes are what they are, the end of the device.
 */
import { Buffer } from "node:buffer";
import { read as readDescriptor } from "node:fs";
import { promisify } from "node:util";
import { SerialPort } from "serialport";
import { assert } from "../../base/assert.ts";
import { type DeviceEvents, type OpenDevice, runLineProcess } from "../framing/line-process.ts";
import type { SerialOptions } from "./options.ts";

/** An open port as the binding has it on Linux: its descriptor, and the poller that says when there is something to read. */
type NativePort = Awaited<ReturnType<typeof SerialPort.binding.open>> & {
  readonly fd: number | null;
  readonly poller: { once(event: "readable", listener: (error: Error | null) => void): unknown };
};

const read = promisify(readDescriptor);
const READ_BYTES = 4_096;
const TRY_AGAIN: ReadonlySet<unknown> = new Set(["EAGAIN", "EWOULDBLOCK", "EINTR"]);

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function readable(port: NativePort): Promise<void> {
  return new Promise((resolve, reject) => {
    port.poller.once("readable", (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

/** The next bytes; rejects at the end of the device. */
async function nextBytes(port: NativePort, buffer: Buffer): Promise<Buffer> {
  for (;;) {
    if (port.fd === null) throw new Error("the port was closed");
    try {
      const { bytesRead } = await read(port.fd, buffer, 0, buffer.length, null);
      if (bytesRead === 0) throw new Error("the device hung up");
      return Buffer.from(buffer.subarray(0, bytesRead));
    } catch (error) {
      if (!TRY_AGAIN.has(codeOf(error))) throw error;
      await readable(port);
    }
  }
}

async function pump(port: NativePort, events: DeviceEvents): Promise<void> {
  const buffer = Buffer.alloc(READ_BYTES);
  try {
    // Ends with the device: its loss is a rejection.
    for (;;) events.onBytes(await nextBytes(port, buffer));
  } catch (error) {
    events.onLost(error instanceof Error ? error.message : String(error));
  }
}

async function open(options: unknown, events: DeviceEvents): Promise<OpenDevice> {
  // The parent is our own opener, which has checked them.
  const { path, baudRate, dataBits, stopBits, parity } = options as SerialOptions;
  assert(path.startsWith("/"), "a serial port is named by its whole path");
  // The binding is the one for Linux: nothing else runs here.
  const port = (await SerialPort.binding.open({ path, baudRate, dataBits, stopBits, parity, lock: true, hupcl: true, rtscts: false })) as NativePort;
  void pump(port, events);
  return {
    write: async (bytes) => {
      await port.write(Buffer.from(bytes));
      await port.drain();
    },
    sendFeature: () => Promise.reject(new Error("a serial line has no feature reports")),
    close: async () => {
      await port.close().catch(() => undefined);
    },
  };
}

runLineProcess(open);
