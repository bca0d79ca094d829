/* An answer of a simulated device on its way to the terminal, with what befalls it there. */
import { type Bytes, concat, fromHex } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { FarEnd, LineFaults } from "./far-end.ts";

export async function sendAnswer(clock: Clock, { end, faults }: { readonly end: FarEnd | undefined; readonly faults: LineFaults }, wire: Bytes): Promise<void> {
  const { deaf, garbled, lateMs, pieceBytes, noiseHex } = faults;
  if (lateMs > 0) await clock.sleep(lateMs);
  if (deaf) return;
  const spoiled = garbled ? wire.map((byte, at) => (at === wire.length - 2 ? byte ^ 0x01 : byte)) : wire;
  const whole = concat(fromHex(noiseHex), spoiled);
  const step = pieceBytes === 0 ? whole.length : pieceBytes;
  for (let at = 0; at < whole.length; at += step) end?.write(whole.slice(at, at + step));
}
