/* From the stored file to the configuration that the terminal runs with. */
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Storage } from "../base/ports.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { parseTerminalConfig, type TerminalConfig } from "./schema.ts";
import { openConfigStore } from "./store.ts";

export type LoadedConfig = { readonly kind: "unprovisioned" } | { readonly kind: "ready"; readonly config: TerminalConfig; readonly generation: number };

export interface ConfigParts {
  readonly storage: Storage;
  readonly suite: CipherSuite;
  readonly log: Log;
}

/** Reads, checks and freezes. Faults: "config-corrupt", "config-invalid" (the message lists what is wrong), those of the storage. */
export async function loadConfig(parts: ConfigParts): Promise<LoadedConfig> {
  const stored = await openConfigStore(parts.storage, parts.suite).read();
  if (stored.kind === "unprovisioned") return stored;
  if (stored.damagedSlots.length > 0) parts.log.warn("config-slot-damaged", { slots: stored.damagedSlots.join(" "), generation: stored.generation });
  return { kind: "ready", config: checked(stored.data), generation: stored.generation };
}

/** Checks a new configuration and makes it durable. Nothing is written when it is not valid. */
export async function saveConfig(parts: ConfigParts, value: unknown): Promise<TerminalConfig> {
  const config = checked(value);
  await openConfigStore(parts.storage, parts.suite).write(config);
  return config;
}

function checked(value: unknown): TerminalConfig {
  const parsed = parseTerminalConfig(value);
  if (!parsed.ok) throw new Fault("config-invalid", `the configuration is not valid: ${parsed.problems.join("; ")}`, { effectUnknown: false });
  return parsed.config;
}
