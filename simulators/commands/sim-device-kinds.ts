/* The devices that `sim --devices` has, by the names that its lines use. */

/** Devices on serial lines, and gates on GPIO lines: they run wherever socat does. */
export const LINE_KINDS = [
  "pad-02h",
  "pad-newland",
  "scanner-line",
  "printer-escpos",
  "display-led8",
  "gate-fe",
  "gate-digicon",
  "gate-relay",
  "gate-gpio",
] as const;
/** Devices behind HID nodes, which need root and FUSE. */
export const HID_KINDS = ["pad-02h-hid", "scanner-hid", "keypad-hid"] as const;
export const DEVICE_KINDS = [...LINE_KINDS, ...HID_KINDS] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];
