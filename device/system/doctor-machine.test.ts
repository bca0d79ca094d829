/* The doctor's eyes on a real disk: what is absent, denied, a link to nowhere, a certificate with another's key. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorMachine } from "../health/doctor/machine.ts";
import { doctorMachine } from "./doctor-machine.ts";
import { systemProcesses } from "./processes.ts";

let root = "";
let machine: DoctorMachine;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "ykt-doctor-"));
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/keys"), "abcdef");
  chmodSync(join(root, "etc/keys"), 0o640);
  symlinkSync(join(root, "etc/keys"), join(root, "etc/link"));
  symlinkSync(join(root, "etc/nothing"), join(root, "etc/broken"));
  machine = doctorMachine({ processes: systemProcesses(), root });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("files", () => {
  it("reads the beginning of a file below the root", async () => {
    expect(new TextDecoder().decode((await machine.read("/etc/keys", 3)) as Uint8Array)).toBe("abc");
    expect(await machine.read("/etc/other", 3)).toBe("absent");
    expect(await machine.read("/etc/keys/below", 3)).toBe("absent");
  });

  it("tells rights and size of what a link leads to, and whether it leads anywhere", async () => {
    expect(await machine.look("/etc/keys")).toMatchObject({ kind: "file", mode: 0o640, size: 6 });
    expect(await machine.look("/etc/link")).toMatchObject({ kind: "link", resolves: true, mode: 0o640 });
    expect(await machine.look("/etc/broken")).toMatchObject({ kind: "link", resolves: false });
    expect(await machine.look("/etc/other")).toBe("absent");
    expect(await machine.list("/etc")).toEqual(["broken", "keys", "link"]);
  });

  it("knows the room of the disk below the root", async () => {
    const space = await machine.space("/etc");
    expect(space?.totalBytes).toBeGreaterThan(space?.freeBytes ?? Number.POSITIVE_INFINITY);
  });
});

describe("programs and hosts", () => {
  it("says nothing of a program that is not there, and what one that is there said", async () => {
    expect(await machine.run("no-such-program-here", [])).toBeUndefined();
    expect(await machine.run("id", ["-u"])).toEqual({ code: 0, text: `${process.getuid?.()}\n` });
  });

  it("tells a port that listens from one that refuses and a name that nobody knows", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await machine.reach({ host: "127.0.0.1", port })).toBe("connected");
    await new Promise((resolve) => server.close(resolve));
    expect(await machine.reach({ host: "127.0.0.1", port })).toBe("refused");
  });
});

describe("certificates", () => {
  it("names holder and days, and sees whether the key is its own", () => {
    const made = (name: string) => {
      const [key, certificate] = [join(root, `${name}.key`), join(root, `${name}.pem`)];
      const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
      execFileSync("openssl", ["req", "-x509", ...curve, "-nodes", "-subj", `/CN=${name}`, "-days", "30", "-keyout", key, "-out", certificate], {
        stdio: "ignore",
      });
      return { key: readFileSync(key), certificate: readFileSync(certificate) };
    };
    const [one, other] = [made("T-0001"), made("T-0002")];
    const look = machine.certificate(one.certificate, one.key);
    expect(look).toMatchObject({ commonName: "T-0001", ownsKey: true });
    expect((look?.validToMs ?? 0) - (look?.validFromMs ?? 0)).toBe(30 * 86_400_000);
    expect(machine.certificate(one.certificate, other.key)).toMatchObject({ ownsKey: false });
    expect(machine.certificate(new Uint8Array(10), one.key)).toBeUndefined();
  });
});
