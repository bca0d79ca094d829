/* Promise 7: none of the personal numbers that the seed drew occurs in what leaves the terminal or reaches a disk or a log. */
import { type Bytes, fromHex } from "../../../device/base/bytes.ts";
import { promised } from "./violation.ts";

/** One character for each byte: what is looked for are numbers, whose letters are bytes too. */
function characters(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

export class SecrecyCheck {
  readonly #texts: readonly string[];
  readonly #binaries: readonly string[];

  /** `secrets` are numbers as text; those that are hexadecimal are looked for as bytes too. */
  constructor(secrets: readonly string[]) {
    this.#texts = secrets;
    this.#binaries = secrets.flatMap((secret) => [secret, ...(/^(?:[0-9a-f]{2}){6,}$/.test(secret) ? [characters(fromHex(secret))] : [])]);
  }

  text(where: string, text: string): void {
    for (const secret of this.#texts) promised(7, !text.includes(secret), () => `${where} shows a personal number (${secret.length} characters)`);
  }

  bytes(where: string, bytes: Bytes): void {
    const text = characters(bytes);
    for (const secret of this.#binaries) promised(7, !text.includes(secret), () => `${where} shows a personal number (${secret.length} characters)`);
  }
}
