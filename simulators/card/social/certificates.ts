/* The card's SM2 key and certificates, where its profile has the certificate application. The layout is unconfirmed. Spec: LD/T 6001. */
import { type Bytes, concat } from "../../../device/base/bytes.ts";
import { socialCardSignature, socialCertificateFile } from "../../crypto/social-certificates.ts";
import type { CardCore } from "../core.ts";
import { type Answer, type Command, ok, refuse, SW } from "../iso.ts";

const ISSUER_FILE = 0xef05;
const IDENTIFIER_TAG = 0x01;
const CHALLENGE_BYTES = 16;
const RANDOM_BYTES = 8;

export class CardCertificates {
  readonly #core: CardCore;
  /** Made when first asked for: signing takes long, and a file is looked at with each command. */
  readonly #made = new Map<string, Bytes>();

  constructor(core: CardCore) {
    this.#core = core;
  }

  get #offered(): boolean {
    const { profile, social } = this.#core.personalization;
    return profile.acse !== "off" && (social.generation ?? "3") === "3";
  }

  get fileIsMissing(): boolean {
    return this.#core.faults.socialCertificate === "no-file";
  }

  /** What stands in the file, filled up to its size. */
  file(bytes: number): Bytes {
    const { socialCertificate: fault } = this.#core.faults;
    const known = this.#made.get(fault ?? "good");
    if (known !== undefined) return known;
    const written = socialCertificateFile(this.#core.suite, this.#identifier, fault);
    const content = fault === "damaged" ? written : concat(written, new Uint8Array(Math.max(0, bytes - written.length)));
    this.#made.set(fault ?? "good", content);
    return content;
  }

  /** INTERNAL AUTHENTICATE with the SM2 key. */
  sign(command: Command): Answer {
    const { socialCertificate: fault } = this.#core.faults;
    if (!this.#offered || fault === "no-signature" || fault === "no-file") return refuse(SW.keyNotFound);
    if (command.data.length !== CHALLENGE_BYTES) return refuse(SW.wrongLength);
    return ok(socialCardSignature(this.#core.suite, this.#identifier, { challenge: command.data, random: this.#core.random(RANDOM_BYTES), fault }));
  }

  get #identifier(): string {
    const issuer = this.#core.personalization.social.environment.find(({ id }) => id === ISSUER_FILE);
    return issuer?.records.find(({ tag }) => tag === IDENTIFIER_TAG)?.valueHex ?? "";
  }
}
