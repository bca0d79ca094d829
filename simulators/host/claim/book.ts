/*
 * Goal: whoever was enrolled, and which machine became which terminal, outlives the host's process. Method: one small book, written whole and renamed
 * into its place before an answer leaves.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { AuthorityKeys } from "./authority.ts";

/** One machine that may become a terminal. */
export interface Enrolment {
  readonly serial: string;
  /** The terminal that it is or will be. */
  readonly tid: string;
  readonly merchant: string;
  readonly site: string;
  status: "enabled" | "disabled" | "retired";
  /** What becomes of its records when it is claimed again. */
  policy: "keep" | "reset";
  /** False: a person has to agree first. */
  approved: boolean;
  /** The claim that made the terminal; absent: nobody yet. */
  session?: string;
}

export interface Ticket {
  readonly id: string;
  /** 32 hexadecimal digits. */
  readonly ticket: string;
  readonly serial: string;
  readonly notAfterMs: number;
  /** For a machine that is a terminal already. */
  readonly again: boolean;
  /** The claim that has used it. */
  session?: string;
}

/** A key, or a module, that is to be found in a terminal. Spec: claim/v1, 9. */
export interface KeyLoadOrder {
  readonly place: string;
  readonly name: string;
  readonly check?: string;
  readonly module?: string;
  readonly level?: number;
  readonly index?: number;
  readonly notAfterMs?: number;
}

/** What a terminal uses now: fingerprints of certificates, check values of keys. */
export interface ToldKeys {
  readonly certificate: string;
  /** The certificate that has carried no line yet, and how often it was tried. */
  readonly next?: string;
  readonly nextTries?: number;
  readonly dataKeyCheck: string;
  readonly hostKeyCheck: string;
}

/** One claim of one machine. */
export interface ClaimSession {
  readonly session: string;
  readonly serial: string;
  readonly tid: string;
  readonly signingKey: string;
  readonly keyHash: string;
  /** Canonical JSON of the facts' hashes. */
  readonly facts: string;
  certificate: { readonly pem: string; readonly number: string; readonly fingerprint: string; readonly notAfterMs: number };
  at: "pending" | "active" | "proved" | "closed" | "retired" | "replaced";
  /** When its end was granted. */
  retiredMs?: number;
  /** Data keys by name, the newest last. */
  readonly dataKeys: { readonly kid: string; readonly hex: string }[];
  hardware: Readonly<Record<string, string>>;
  /** Key-loading orders of this terminal alone; absent: those of every terminal. */
  keyLoads?: readonly KeyLoadOrder[];
  /** What the terminal said of itself when it asked last what is to change. */
  told?: ToldKeys;
  /** The certificate that follows, until it was confirmed. */
  following?: { readonly keyHash: string; readonly pem: string; readonly number: string; readonly fingerprint: string; readonly notAfterMs: number };
}

/** Something that a person has to look at. */
export interface CloneReport {
  readonly why: "second-device" | "ticket-used" | "key-reused" | "facts-changed" | "boot-went-back" | "equivocation";
  readonly of: string;
  readonly atMs: number;
  readonly count: number;
}

export interface BookContents {
  readonly authority: AuthorityKeys;
  /** Scalar of the SM2 key that signs answers to claims. */
  readonly signingScalarHex: string;
  readonly enrolments: Enrolment[];
  readonly tickets: Ticket[];
  readonly sessions: ClaimSession[];
  readonly revoked: string[];
  /** Keys that follow the host's own, by which it signs, the newest last; absent: none does. */
  hostKeys?: {
    readonly scalarsHex: readonly string[];
    /** Keys before this one are no more: 0 is the host's own. */
    readonly from: number;
  };
}

export interface ClaimBook {
  readonly contents: BookContents;
  save(): void;
}

/** A book in a file, or in memory alone where no file is named. Throws what the file system throws. */
export function openBook(file: string | undefined, fresh: () => BookContents): ClaimBook {
  // Written by this module alone.
  const contents = file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as BookContents) : fresh();
  const save = () => {
    if (file === undefined) return;
    writeFileSync(`${file}.new`, JSON.stringify(contents), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  save();
  return { contents, save };
}
