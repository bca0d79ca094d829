/* The families of the registry as the inventory sees them: what each hangs on, what speaks for it, and how it is asked. */
import type { Guess, HidProbe, Role, SerialProbe } from "../adapter.ts";
import type { Found } from "../found.ts";
import { ADAPTERS } from "../registry.ts";

export interface Family {
  readonly role: Role;
  readonly speaksTo: string;
  readonly hangsOn: Found["kind"];
  readonly settings: { safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown } };
  fingerprint?(found: Found): Guess | undefined;
  readonly probe?: SerialProbe | HidProbe;
}

export type Families = ReadonlyMap<string, Family>;

/** By the name that the configuration uses. */
export const FAMILIES: Families = new Map(Object.entries(ADAPTERS as Readonly<Record<string, Family>>));
