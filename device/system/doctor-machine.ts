/* The real machine, as the doctor looks at it. Paths may lie below another root, so that an image is looked at like a machine. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, stat, statfs } from "node:fs/promises";
import { connect } from "node:net";
import { uptime } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../base/bytes.ts";
import type { Processes } from "../base/ports.ts";

const RUN_MS = 1_400;
const CONNECT_MS = 1_400;
const RIGHTS = 0o7777;

type Missing = "absent" | "denied";

/** Shape of device/health/doctor/machine.ts, which the compiler holds against it where both are joined. */
export function doctorMachine({ processes, root = "/" }: { readonly processes: Processes; readonly root?: string }) {
  const at = (path: string) => join(root, path);
  return {
    nowMs: Date.now(),
    uptimeMs: Math.floor(uptime() * 1000),
    read: (path: string, maxBytes: number) => missingOr(() => readHead(at(path), maxBytes)),
    look: (path: string) => missingOr(() => lookAt(at(path))),
    list: (path: string) => missingOr(() => readdir(at(path))),
    space: async (path: string) => {
      const disk = await missingOr(() => statfs(at(path)));
      if (typeof disk === "string") return undefined;
      const { bavail, bsize, blocks, ffree, files } = disk;
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeFiles: ffree, totalFiles: files };
    },
    run: async (program: string, args: readonly string[]) => {
      try {
        const { code, stdout } = await processes.run(program, args, { timeoutMs: RUN_MS, signal: new AbortController().signal });
        return { code, text: new TextDecoder("latin1").decode(stdout) };
      } catch {
        // A program that is not installed, or hangs: either way nothing is known from it.
        return undefined;
      }
    },
    certificate,
    reach,
  };
}

async function missingOr<Value>(work: () => Promise<Value>): Promise<Value | Missing> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return "absent";
    if (code === "EACCES" || code === "EPERM") return "denied";
    throw error;
  }
}

async function readHead(path: string, maxBytes: number): Promise<Bytes> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = new Uint8Array(maxBytes);
    const { bytesRead } = await file.read(bytes, 0, maxBytes, 0);
    return bytes.slice(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function lookAt(path: string) {
  const own = await lstat(path);
  const end = own.isSymbolicLink() ? await stat(path).catch(() => undefined) : own;
  // Rights and owner are those of what is used: the end of a link.
  const { mode, uid, gid, size, mtimeMs } = end ?? own;
  return {
    kind: kindOf(own),
    mode: mode & RIGHTS,
    user: uid,
    group: gid,
    size,
    changedMs: mtimeMs,
    ...(own.isSymbolicLink() ? { resolves: end !== undefined } : {}),
  };
}

function kindOf(of: Awaited<ReturnType<typeof lstat>>): "file" | "folder" | "link" | "device" | "other" {
  if (of.isSymbolicLink()) return "link";
  if (of.isFile()) return "file";
  if (of.isDirectory()) return "folder";
  return of.isCharacterDevice() || of.isBlockDevice() ? "device" : "other";
}

function certificate(pem: Bytes, keyPem: Bytes) {
  try {
    const read = new X509Certificate(pem);
    const name = /^CN=(.*)$/m.exec(read.subject)?.[1] ?? "";
    const ownsKey = read.checkPrivateKey(createPrivateKey(Buffer.from(keyPem)));
    return { commonName: name, validFromMs: Date.parse(read.validFrom), validToMs: Date.parse(read.validTo), ownsKey };
  } catch {
    // The doctor says that it cannot be understood; why, openssl tells better.
    return undefined;
  }
}

type Reach = "connected" | "name-unknown" | "refused" | "unreachable";

const REACH_BY_CODE: ReadonlyMap<unknown, Reach> = new Map([
  ["ENOTFOUND", "name-unknown"],
  ["EAI_AGAIN", "name-unknown"],
  ["ECONNREFUSED", "refused"],
]);

function reach(place: { readonly host: string; readonly port: number }): Promise<Reach> {
  return new Promise((resolve) => {
    const socket = connect({ ...place, timeout: CONNECT_MS });
    const end = (is: Reach) => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", () => end("connected"));
    socket.once("timeout", () => end("unreachable"));
    socket.once("error", (error) => end(REACH_BY_CODE.get("code" in error ? error.code : undefined) ?? "unreachable"));
  });
}
