/* What the doctor asks of the machine. It only looks: nothing is made, changed or started, and whatever cannot be known is undefined. */
import type { Bytes } from "../../base/bytes.ts";

export type Missing = "absent" | "denied";

export interface PathLook {
  readonly kind: "file" | "folder" | "link" | "device" | "other";
  /** Rights, the lower twelve bits. */
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  readonly size: number;
  readonly changedMs: number;
  /** Of a link: whether something is at its end. */
  readonly resolves?: boolean;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeFiles: number;
  readonly totalFiles: number;
}

export interface CertificateLook {
  readonly commonName: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Whether the private key beside it is the certificate's own. */
  readonly ownsKey: boolean;
}

export type Reach = "connected" | "name-unknown" | "refused" | "unreachable";

export interface DoctorMachine {
  readonly nowMs: number;
  /** Milliseconds since the machine started. */
  readonly uptimeMs: number;
  /** At most `maxBytes` from the beginning of a file. */
  read(path: string, maxBytes: number): Promise<Bytes | Missing>;
  look(path: string): Promise<PathLook | Missing>;
  list(path: string): Promise<readonly string[] | Missing>;
  space(path: string): Promise<DiskSpace | undefined>;
  /** Undefined: the program is not there, did not start or did not end in its time. */
  run(program: string, args: readonly string[]): Promise<{ readonly code: number; readonly text: string } | undefined>;
  /** Undefined: no certificate, or no key. */
  certificate(certificate: Bytes, key: Bytes): CertificateLook | undefined;
  /** One connection that is ended at once. */
  reach(place: { readonly host: string; readonly port: number }): Promise<Reach | undefined>;
}

/** Where things stand; the contract of provisioning/README.md. */
export interface DoctorPlaces {
  readonly config: string;
  readonly data: string;
  readonly run: string;
  readonly programs: string;
  readonly settings: string;
}

export const PLACES: DoctorPlaces = {
  config: "/var/lib/yikatong/config",
  data: "/var/lib/yikatong",
  run: "/run/yikatong",
  programs: "/opt/yikatong",
  settings: "/etc/yikatong",
};

/** Asks a question with a bound; what was not answered is `otherwise`, and is named. */
export type Ask = <Value>(what: string, question: Promise<Value>, otherwise: Value) => Promise<Value>;
