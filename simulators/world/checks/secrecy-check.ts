/* Promise 7: none of the personal numbers that the seed drew occurs in what leaves the terminal or reaches a disk or a log. */
import { type Bytes, toHex, utf8 } from "../../../device/base/bytes.ts";
import { promised } from "./violation.ts";

export class SecrecyCheck {
  readonly #texts: readonly string[];
  readonly #binaries: readonly string[];

  /** `secrets` are numbers as text; those that are hexadecimal are looked for as bytes too. */
  constructor(secrets: readonly string[]) {
    this.#texts = secrets;
    this.#binaries = secrets.flatMap((secret) => [toHex(utf8(secret)), ...(/^(?:[0-9a-f]{2}){6,}$/.test(secret) ? [secret] : [])]);
  }

  text(where: string, text: string): void {
    for (const secret of this.#texts) promised(7, !text.includes(secret), () => `${where} shows a personal number (${secret.length} characters)`);
  }

  bytes(where: string, bytes: Bytes): void {
    const hex = toHex(bytes);
    for (const secret of this.#binaries) promised(7, !hex.includes(secret), () => `${where} shows a personal number (${secret.length} characters)`);
  }
}
