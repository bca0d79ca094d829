import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { readKeyFile } from "./key-file.ts";

describe("readKeyFile", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "yikatong-keys-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("reads a file that only its owner may read", async () => {
    const path = join(folder, "keys");
    await writeFile(path, "data-key = 00", { mode: 0o600 });
    expect(await readKeyFile(path)).toEqual(utf8("data-key = 00"));
  });

  it.each([0o640, 0o604, 0o660, 0o644])("refuses mode %o", async (mode) => {
    const path = join(folder, "keys");
    await writeFile(path, "x");
    await chmod(path, mode);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: "config-invalid", message: expect.stringContaining("0600") });
  });

  it("refuses a link, a folder and a file that is not there", async () => {
    await writeFile(join(folder, "keys"), "x", { mode: 0o600 });
    await symlink(join(folder, "keys"), join(folder, "link"));
    await expect(readKeyFile(join(folder, "link"))).rejects.toMatchObject({ code: "key-missing" });
    await expect(readKeyFile(folder)).rejects.toMatchObject({ code: "config-invalid" });
    await expect(readKeyFile(join(folder, "none"))).rejects.toMatchObject({ code: "key-missing" });
  });

  it("refuses a file that is too large to be one of keys", async () => {
    await writeFile(join(folder, "keys"), "x".repeat(5000), { mode: 0o600 });
    await expect(readKeyFile(join(folder, "keys"))).rejects.toMatchObject({ code: "config-invalid" });
  });
});
