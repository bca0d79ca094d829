/* The process that enumerates HID devices once, and ends: the native call may hang, and then this process is killed. */
import { devicesAsync } from "node-hid";

try {
  const devices = await devicesAsync();
  process.send?.({ is: "devices", devices }, undefined, undefined, () => process.exit(0));
} catch (error) {
  process.send?.({ is: "failed", why: error instanceof Error ? error.message : String(error) }, undefined, undefined, () => process.exit(1));
}
