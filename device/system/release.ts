/* Which release of the program this is: the manifest beside it where it was installed from a bundle, else the package that it is developed in. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A release lies at most so many folders above this file. */
const FOLDERS_MAX = 5;

export function releaseVersion(from: string = dirname(fileURLToPath(import.meta.url))): string {
  let folder = from;
  for (let above = 0; above < FOLDERS_MAX; above += 1) {
    const version = versionIn(join(folder, "manifest.json")) ?? versionIn(join(folder, "package.json"));
    if (version !== undefined) return version;
    folder = dirname(folder);
  }
  return "unknown";
}

function versionIn(file: string): string | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    const found = typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
    return typeof found === "string" && /^[0-9A-Za-z.+-]{1,64}$/.test(found) ? found : undefined;
  } catch {
    // Not here, or not readable: the folder above may have it.
    return undefined;
  }
}
