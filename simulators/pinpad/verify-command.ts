/* The VERIFY command that a PIN entry device builds by itself. */
import { type Bytes, concat, fromHex, u8 } from "../../device/base/bytes.ts";

/** Two digits a byte, an odd last nibble filled with F. Spec: LD/T 32.7, VERIFY. */
export function verifyCommand(header: Bytes, digits: string): Bytes {
  const data = fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
  return concat(header, u8(data.length), data);
}
