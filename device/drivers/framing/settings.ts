/* What a configuration says of the line that a device hangs on. */
import * as z from "zod";

const BAUD_MIN = 300;
const BAUD_MAX = 921_600;
const word = z.int().min(0).max(0xffff);
const nodePath = z.string().regex(/^\/[^\0]{1,1000}$/, "the whole path of the line, best a link by role");

/** A serial port; `baudRate` is the speed at which the family is delivered. 8N1 unless the papers of the device say otherwise. */
export function serialPort(baudRate: number) {
  return z.strictObject({
    path: nodePath,
    baudRate: z.int().min(BAUD_MIN).max(BAUD_MAX).default(baudRate),
    dataBits: z.literal([7, 8]).default(8),
    stopBits: z.literal([1, 2]).default(1),
    parity: z.enum(["none", "even", "odd"]).default("none"),
  });
}

/** A HID device: every member that is given must fit. */
export const hidDevice = z
  .strictObject({
    usagePage: word.exactOptional(),
    usage: word.exactOptional(),
    vendorId: word.exactOptional(),
    productId: word.exactOptional(),
    serialNumber: z.string().min(1).max(200).exactOptional(),
    path: nodePath.exactOptional(),
  })
  .refine((device) => Object.values(device).some((value) => value !== undefined), "something by which the device is found");

export type SerialPort = z.infer<ReturnType<typeof serialPort>>;
export type HidDevice = z.infer<typeof hidDevice>;
