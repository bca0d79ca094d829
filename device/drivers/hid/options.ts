/* How a HID device is found: by what it is for, and where two are alike, by more. Every member that is given must fit. */

export interface HidOptions {
  /** For example 8c, the page of points of sale. */
  readonly usagePage?: number;
  readonly usage?: number;
  readonly vendorId?: number;
  readonly productId?: number;
  readonly serialNumber?: string;
  /** Node of the device, where the device rules make a link for its role. */
  readonly path?: string;
}

/** For people. */
export function hidName(options: HidOptions): string {
  const hex = (value: number) => value.toString(16).padStart(4, "0");
  const parts = [
    ...(options.path === undefined ? [] : [options.path]),
    ...(options.vendorId === undefined ? [] : [`${hex(options.vendorId)}:${hex(options.productId ?? 0)}`]),
    ...(options.usagePage === undefined ? [] : [`usage ${hex(options.usagePage)}/${hex(options.usage ?? 0)}`]),
  ];
  return `hid ${parts.join(" ")}`;
}
