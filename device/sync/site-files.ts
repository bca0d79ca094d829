/* Small files that a site's configuration names: secrets and certificates, read once at the start. */
import { readFile } from "node:fs/promises";
import { Fault } from "../base/fault.ts";

/** Longer than any token or chain of certificates. */
const FILE_CHARACTERS_MAX = 262_144;

/** Faults: "config-invalid" where the file cannot be read, or says nothing. */
export async function siteText(file: string, what: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new Fault("config-invalid", `${what}: its file cannot be read`, { effectUnknown: false, cause });
  }
  if (text === "" || text.length > FILE_CHARACTERS_MAX) throw new Fault("config-invalid", `${what}: its file is empty or too long`, { effectUnknown: false });
  return text;
}
