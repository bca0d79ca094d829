/* What a claim needs of the machine that it happens on. */
import type { Bytes } from "../../device/base/bytes.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, MessageLink, Randomness, Storage } from "../../device/base/ports.ts";
import type { JsonValue } from "../../device/codec/json.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { ClaimFile } from "./claim-file.ts";
import type { MachineFacts } from "./facts.ts";

/** Knows what is published for tests; a production terminal takes none of it. */
export interface TestKeyGuard {
  /** A key, a private scalar or a point. */
  isTestKey(key: Bytes): boolean;
  /** The check value of a key in a module or pad, hexadecimal, three bytes at least. */
  isTestCheck(place: "psam" | "pin-pad", check: string): boolean;
  /** The terminal number of a module. */
  isTestModule(number: string): boolean;
  /** The common name of a certificate authority. */
  isTestAuthority(commonName: string): boolean;
}

export interface ClaimPorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly log: Log;
  /** The identity folder and the folder of the configuration. */
  readonly identity: Storage;
  readonly config: Storage;
  readonly guard: TestKeyGuard;
  readonly claimFile: {
    read(): Promise<Bytes | undefined>;
    /** Overwrites and removes it; one that is gone is no fault. Faults: those of a storage. */
    erase(): Promise<void>;
  };
  readonly facts: () => Promise<MachineFacts>;
  /** What kind of machine this is, in plain words, for the host's list. */
  readonly hardware: () => Promise<Readonly<Record<string, string>>>;
  /** Checks a configuration and makes it durable; says in one line why not. */
  saveProfile(profile: JsonValue): Promise<string | undefined>;
  /** Puts the records of the terminal that was here before aside; says in one line why not. */
  resetState(): Promise<string | undefined>;
  /** Where certificate and authority will stand, as the configuration names them. */
  readonly places: { readonly link: string; readonly authority: string };
  /** A line to the broker with the claim's credentials, or with the terminal's own (whose address is the configuration's or the claim's). */
  readonly connect: (
    how: { readonly as: "claim"; readonly file: ClaimFile; readonly clientId: string } | { readonly as: "terminal"; readonly tid: string },
  ) => MessageLink | Promise<MessageLink>;
}
