/* Keys of authorities that the acquirer has given, beside those of the configuration, which go first. */
import { type AuthoritySet, type CertificationAuthority, openAuthorities } from "../card/electronic-cash/authorities.ts";
import type { CipherSuite } from "../crypto/face.ts";

export class DownloadedAuthorities implements Pick<AuthoritySet, "find"> {
  readonly #suite: CipherSuite;
  #set: AuthoritySet | undefined;

  constructor(suite: CipherSuite) {
    this.#suite = suite;
  }

  /** These serve from now on, in the place of those before. A key that fails its own check is left out. */
  serve(authorities: readonly CertificationAuthority[]): void {
    this.#set = openAuthorities(this.#suite, authorities);
  }

  find(which: Parameters<AuthoritySet["find"]>[0]): ReturnType<AuthoritySet["find"]> {
    return this.#set?.find(which);
  }
}
