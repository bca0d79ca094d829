/* Sign-in with new working keys, sign-off, echo. Spec: UnionPay terminal, keys. */
import { toHex } from "../../../device/base/bytes.ts";
import { DEFAULT_SM4_TERMS, drawSessionKeys, type KeyLayout, wrappedKeys } from "./ciphers.ts";
import { type BankService, no, yes } from "./request.ts";

/** 60.3 that asks for a layout. Three times nineteen bytes have no recorded code of their own. */
const NETWORK_OF: Readonly<Record<Exclude<KeyLayout, "sm4">, string>> = { "des-24": "001", "tdes-40": "003", "tdes-track-60": "004", "triple-19-57": "003" };

/** Keys that were drawn before are no more: each sign-in draws its own. */
export const signIn: BankService = ({ ledger, suite, randomness }, { contract, network }) => {
  const { terminal, keyLayout: layout, keyFront: front, masterKey: master, sm4 = DEFAULT_SM4_TERMS } = contract;
  if (network !== (layout === "sm4" ? sm4.network : NETWORK_OF[layout])) return no("40");
  const keys = drawSessionKeys(layout, (length) => randomness.bytes(length), sm4);
  ledger.sessions.signIn(terminal, keys);
  const { batch } = ledger.sessions.of(terminal);
  return yes([
    [60, `00${batch}${network}`],
    [62, toHex(wrappedKeys(suite, { master, layout, front, sm4 }, keys)).toUpperCase()],
  ]);
};

export const signOff: BankService = ({ ledger }, { contract }) => {
  ledger.sessions.signOff(contract.terminal);
  return yes();
};

export const echo: BankService = () => yes();
