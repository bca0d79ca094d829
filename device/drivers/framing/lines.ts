/*
 * What a protocol driver stands on: a line of bytes (serial), or of reports (HID). A line outlives its device: it is opened once, finds
 * the device again after every loss, and says when it is there. Real lines live in a child process, because their native calls may hang.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";

/** Ends what was begun; may be called more than once. */
export type Unsubscribe = () => void;

/** Whether the device answers the door; "hung": it is there, but a native call does not come back, and its process is being replaced. */
export type LineState = "open" | "away" | "hung" | "closed";

interface Line {
  /** For people: the role and path it was opened by. */
  readonly name: string;
  readonly state: LineState;
  onState(listener: (state: LineState) => void): Unsubscribe;
  /** Resolves when the device is there. Faults: "timeout", "cancelled", "closed". */
  untilOpen(limits: Limits): Promise<void>;
  /** For a device that is there and says nothing any more: what serves the line is started anew. Left out where nothing could hang. */
  renew?(): void;
  close(): Promise<void>;
}

/** Bytes in both directions, in pieces of any size. */
export interface ByteLine extends Line {
  /** Resolves when the bytes have been handed to the device. Faults: "device-gone" (nothing was sent, or effect unknown), "timeout", "closed". */
  write(bytes: Bytes, limits: Limits): Promise<void>;
  onBytes(listener: (bytes: Bytes) => void): Unsubscribe;
}

/** Reports in both directions, each whole. The first byte is the report's number, 0 where the device numbers none. */
export interface ReportLine extends Line {
  /** The device's own description of its reports; undefined until it was there once. Spec: USB HID. */
  readonly descriptor: Bytes | undefined;
  write(report: Bytes, limits: Limits): Promise<void>;
  onReport(listener: (report: Bytes) => void): Unsubscribe;
  /** Sends a feature report: settings of the device. */
  sendFeature(report: Bytes, limits: Limits): Promise<void>;
}
