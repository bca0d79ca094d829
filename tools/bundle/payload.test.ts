import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { ReleaseFile } from "../../provisioning/release/manifest.ts";
import { fileBlock, writePayload } from "./payload.ts";

const suite = openCipherSuite();
const BUILT_MS = 1_790_000_000_000;
const LONG = `node_modules/${"a-name-of-a-package/".repeat(6)}file-with-a-long-name.js`;
const folder = mkdtempSync(join(tmpdir(), "ykt-payload-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(path: string, mode: "644" | "755", text: string): ReleaseFile {
  mkdirSync(dirname(join(folder, "in", path)), { recursive: true });
  writeFileSync(join(folder, "in", path), text);
  return { path, mode, size: utf8(text).length, sm3: toHex(suite.sm3(utf8(text))) };
}

describe("a payload", () => {
  it("is what any tar program unpacks: names short and long, modes, times, empty files and full blocks", async () => {
    const files = [
      fileOf("bin/yikatong", "755", "#!/bin/sh\n"),
      fileOf("empty", "644", ""),
      fileOf("full", "644", "x".repeat(1_024)),
      fileOf(LONG, "644", "long"),
    ];
    const payload = await writePayload(files, { folder: join(folder, "in"), archive: join(folder, "payload.tar"), builtMs: BUILT_MS });
    mkdirSync(join(folder, "out"));
    const ended = spawnSync("tar", ["-xzf", payload, "-C", join(folder, "out"), "--no-same-owner"], { encoding: "utf8" });
    expect([ended.status, ended.stderr]).toEqual([0, ""]);
    for (const { path, mode } of files) {
      expect(readFileSync(join(folder, "out", path), "utf8")).toBe(readFileSync(join(folder, "in", path), "utf8"));
      expect(spawnSync("stat", ["-c", "%a %Y", join(folder, "out", path)], { encoding: "utf8" }).stdout).toBe(`${mode} ${BUILT_MS / 1_000}\n`);
    }
  });

  it("has one block for a file, whatever system writes it", () => {
    const block = Buffer.from(fileBlock({ path: "bin/yikatong", mode: "755", size: 180 }, BUILT_MS)).toString("latin1");
    const text = (at: number, size: number) => block.slice(at, at + size).replaceAll("\0", ".");
    expect(block).toHaveLength(512);
    expect(text(0, 14)).toBe("bin/yikatong..");
    expect(text(100, 24)).toBe("0000755.0000000.0000000.");
    expect(text(124, 12)).toBe("00000000264.");
    expect(Number.parseInt(text(136, 11), 8)).toBe(BUILT_MS / 1_000);
    expect(text(156, 1)).toBe("0");
    expect(text(257, 8)).toBe("ustar.00");
    expect(text(329, 16)).toBe("0000000.0000000.");
    expect(text(265, 64) + text(345, 167)).toMatch(/^\.+$/);
  });

  it("refuses a path that no archive of this form holds", () => {
    expect(() => fileBlock({ path: "a".repeat(101), mode: "644", size: 0 }, 0)).toThrow("too long");
  });
});
