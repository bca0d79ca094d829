/*
 * Goal: a system bundle of somebody else, or with one bit changed, is refused; a good one is written to the other slot and becomes first; and the
 * way back is one word to the boot loader. Nothing is installed while a card is there or money is at risk.
 * Method: RAUC itself with the configuration that ships, its paths moved into a folder; slots are files, the bus is private.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SLOT_BYTES = 1024 * 1024;
const START_LIMIT_MS = 15_000;
const folder = mkdtempSync(join(tmpdir(), "ykt-rauc-"));
const at = (name: string) => join(folder, name);
const environment = () => ({ ...process.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("bus")}`, DBUS_STARTER_BUS_TYPE: "session" });
const started: ChildProcess[] = [];

function run(program: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { env: environment(), encoding: "utf8", timeout: 60_000 });
  return { status, text: `${stdout}${stderr}` };
}

function begin(program: string, args: readonly string[]): void {
  started.push(spawn(program, args, { env: environment(), stdio: "ignore" }));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + START_LIMIT_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${START_LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A certificate that signs itself, as a maker's may. */
function makeSigner(name: string): void {
  const subject = ["-subj", `/O=yikatong/CN=${name}`, "-days", "30", "-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=codeSigning"];
  const made = run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at(`${name}.key`), "-out", at(`${name}.cert`), ...subject]);
  expect([made.status, made.status === 0 ? "" : made.text]).toEqual([0, ""]);
}

/** The configuration that ships, with its places in the folder. */
function configuration(): string {
  return readFileSync(join(HERE, "system.conf"), "utf8")
    .replace("/dev/disk/by-partlabel/yikatong-a\ntype=ext4", `${at("slot-a")}\ntype=raw`)
    .replace("/dev/disk/by-partlabel/yikatong-b\ntype=ext4", `${at("slot-b")}\ntype=raw`)
    .replace("/etc/rauc/release.cert.pem", at("maker.cert"))
    .replace("/usr/lib/yikatong/rauc-boot", at("boot"))
    .replace("/usr/lib/yikatong/rauc-allow", at("allow"))
    .replace("mountprefix=/run/rauc", `mountprefix=${at("mounts")}`)
    .replace("/var/lib/yikatong-boot/rauc.status", at("rauc.status"));
}

function script(name: string, text: string): void {
  writeFileSync(at(name), `#!/bin/sh\n${text}\n`);
  chmodSync(at(name), 0o755);
}

function makeBundle(signer: string, byte: number): string {
  const content = at(`content-${signer}`);
  rmSync(content, { recursive: true, force: true });
  mkdirSync(content);
  writeFileSync(join(content, "rootfs.img"), Buffer.alloc(SLOT_BYTES, byte));
  writeFileSync(join(content, "manifest.raucm"), readFileSync(join(HERE, "manifest.raucm"), "utf8").replace("@VERSION@", "0.2.0"));
  const path = at(`${signer}.raucb`);
  rmSync(path, { force: true });
  const made = run("rauc", [`--cert=${at(`${signer}.cert`)}`, `--key=${at(`${signer}.key`)}`, "bundle", content, path]);
  expect([made.status, made.status === 0 ? "" : made.text]).toEqual([0, ""]);
  return path;
}

const boot = (...args: readonly string[]) => run(at("boot"), args).text.trim();
const install = (bundle: string) => run("rauc", ["install", bundle]);
const slot = (name: "a" | "b") => readFileSync(at(`slot-${name}`))[0];
const answers = (code: number) => script("yikatong", `[ "$1 $2" = "update check" ] || exit 9\nexit ${code}`);

beforeAll(async () => {
  for (const name of ["maker", "stranger"]) makeSigner(name);
  for (const name of ["slot-a", "slot-b"]) writeFileSync(at(name), Buffer.alloc(SLOT_BYTES, 1));
  mkdirSync(at("mounts"));
  script("boot", `YIKATONG_BOOT_STATE='${at("state")}' exec dash '${join(HERE, "rauc-boot")}' "$@"`);
  script("allow", `YIKATONG_PROGRAM='${at("yikatong")}' exec dash '${join(HERE, "rauc-allow")}' "$@"`);
  answers(0);
  writeFileSync(at("system.conf"), configuration());
  const bus = `<busconfig><type>session</type><listen>unix:path=${at("bus")}</listen><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`;
  writeFileSync(at("bus.conf"), bus);
  begin("dbus-daemon", [`--config-file=${at("bus.conf")}`, "--nofork"]);
  await until("the private bus", () => existsSync(at("bus")));
  begin("rauc", [`--conf=${at("system.conf")}`, "--override-boot-slot=A", "service"]);
  await until("RAUC", () => run("rauc", ["status"]).status === 0);
});
afterAll(() => {
  for (const child of started.reverse()) child.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

describe("a system bundle", () => {
  it("of another signer is refused, and nothing is written", () => {
    const { status, text } = install(makeBundle("stranger", 7));
    expect([status, text, slot("b"), boot("get-primary")]).toEqual([1, expect.stringMatching(/signature|verif|certificate/i), 1, "A"]);
  });

  it("with one flipped bit is refused, and nothing is written", () => {
    const path = makeBundle("maker", 7);
    const bytes = readFileSync(path);
    for (const place of [Math.floor(bytes.length / 2), 200, bytes.length - 700]) {
      const changed = Buffer.from(bytes);
      changed[place] = (changed[place] ?? 0) ^ 0x10;
      writeFileSync(path, changed);
      expect([place, install(path).status, slot("b"), boot("get-primary")]).toEqual([place, 1, 1, "A"]);
    }
  });

  it("is kept out while the terminal has a reason, whatever it is", () => {
    const path = makeBundle("maker", 7);
    for (const code of [3, 4, 1]) {
      answers(code);
      expect([install(path).status, slot("b"), boot("get-primary")]).toEqual([1, 1, "A"]);
    }
    answers(0);
  });

  it("that is good is written to the other slot, becomes first, and can be left again", () => {
    const { status, text } = install(makeBundle("maker", 7));
    expect([status, status === 0 ? "" : text]).toEqual([0, ""]);
    expect([slot("a"), slot("b"), boot("get-primary"), boot("get-state", "B")]).toEqual([1, 7, "B", "good"]);
    expect(run("rauc", ["status", "mark-bad", "other"]).status).toBe(0);
    expect(boot("get-state", "B")).toBe("bad");
    expect(run("rauc", ["status", "mark-active", "booted"]).status).toBe(0);
    expect([boot("get-primary"), slot("a")]).toEqual(["A", 1]);
  });
});

describe("the boot loader's file", () => {
  it.each([["get-state", "C"], ["set-primary", "../x"], ["set-state", "A", "perhaps"], ["reboot"], []])("does not take %s %s %s", (...args) => {
    const before = readFileSync(at("state"), "utf8");
    expect([run(at("boot"), args).status, readFileSync(at("state"), "utf8")]).toEqual([1, before]);
  });
});
