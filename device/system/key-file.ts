import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Bytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";

const KEY_FILE_BYTES_MAX = 4096;
/** Any right of group or others. */
const FOREIGN_RIGHTS = 0o077;

/**
 * Reads a file of secrets that nobody else may read. The caller fills the bytes with zeros.
 * Faults: "key-missing" (no such file), "config-invalid" (others may read it, it is no plain file, or it is too large).
 */
export async function readKeyFile(path: string): Promise<Bytes> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw new Fault("key-missing", `the key file ${path} cannot be read`, { effectUnknown: false, cause: error });
  });
  try {
    // Asked of the open file, so that nobody can exchange it between the question and the reading.
    const about = await file.stat();
    if (!about.isFile() || about.size > KEY_FILE_BYTES_MAX) throw refused(path, "is no small plain file");
    if ((about.mode & FOREIGN_RIGHTS) !== 0) throw refused(path, "may be read by others; set its mode to 0600");
    const own = process.getuid?.();
    if (own !== undefined && about.uid !== own) throw refused(path, "belongs to another user");
    const bytes = new Uint8Array(about.size);
    await file.read(bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    await file.close();
  }
}

function refused(path: string, why: string): Fault {
  return new Fault("config-invalid", `the key file ${path} ${why}`, { effectUnknown: false });
}
