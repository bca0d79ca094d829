/* What the machine says is plugged in, without asking any device. The inventory finds it; each family says what it would take it for. */

/** What a USB device says of itself when it is plugged in. */
export interface UsbIdentity {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber?: string;
  readonly manufacturer?: string;
  readonly product?: string;
}

interface FoundNode {
  /** The name that lasts longest: a link by role, a link by identity, else the node itself. */
  readonly path: string;
  readonly node: string;
  /** Further names, links by role first. */
  readonly links: readonly string[];
  readonly usb?: UsbIdentity;
  /** Other processes that have it open, for people; absent: nobody that can be seen. */
  readonly heldBy?: string;
}

export interface FoundSerial extends FoundNode {
  readonly kind: "serial";
  /** The system writes its own messages there, so that nobody asks anything on it. */
  readonly isConsole: boolean;
}

export interface FoundHid extends FoundNode {
  readonly kind: "hid";
  /** What it is for, as far as it says so. */
  readonly usagePage?: number;
  readonly usage?: number;
}

export interface FoundGpio {
  readonly kind: "gpio";
  /** For example "gpiochip0"; the number changes, the label stays. */
  readonly chip: string;
  readonly label: string;
  readonly lineCount: number;
}

export type Found = FoundSerial | FoundHid | FoundGpio;
