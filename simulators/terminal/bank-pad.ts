/* A PIN pad on a line inside this process: the real driver, and behind the line a simulated pad with a holder in front of it. */
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { DEFAULT_PAD_PROFILE, Pad02h } from "../../device/drivers/pad-02h/pad.ts";
import { InProcessLine } from "../line/in-process.ts";
import type { ScriptedHolder } from "../pinpad/holder.ts";
import { SimulatedPad02h } from "../pinpad/pad-02h.ts";

export interface BankPadParts {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly holder: ScriptedHolder;
  /** Between two keys of the holder. */
  readonly keyMs: number;
}

const ENTRY_SECONDS = 30;
/** As the configuration of a simulated terminal says it. */
export const BANK_PAD_CONFIG = { adapter: "pad02h", port: { path: "/dev/yikatong/pin-pad" } } as const;

export function openBankPad({ clock, suite, holder, keyMs }: BankPadParts): Pad02h {
  const line = new InProcessLine(clock, { name: "pad" });
  new SimulatedPad02h({ clock, suite, holder, keyMs }).attach(line.device(() => undefined));
  return new Pad02h(line, { clock, profile: DEFAULT_PAD_PROFILE, pinKey: { master: 0, work: 0 }, algorithm: "3des", entrySeconds: ENTRY_SECONDS });
}
