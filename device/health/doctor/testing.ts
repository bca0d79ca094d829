/* For tests: a healthy terminal as files, programs and certificates, in which faults are planted one by one. */
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import type { Storage } from "../../base/ports.ts";
import { saveConfig } from "../../config/load.ts";
import { exampleConfig } from "../../config/testing.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { RuntimeStatus } from "../runtime-status.ts";
import type { CertificateLook, DiskSpace, DoctorMachine, Missing, PathLook, Reach } from "./machine.ts";

const SERVICE_USER = 990;
const DIALOUT = 20;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const NOW_MS = 1_795_000_000_000;
export const UPTIME_MS = 5 * DAY_MS;
const GIGABYTE = 1_073_741_824;
const FILE_MODE = 0o600;

interface Planted {
  readonly bytes: Bytes;
  readonly look: PathLook;
  readonly denied?: true;
}

const CONFIG = "/var/lib/yikatong/config";
const DATABASE = "/var/lib/yikatong/journal/journal.sqlite";
const SERIAL = "/dev/yikatong/pin-pad";

/** Everything may be changed before the doctor looks. */
export class PlantedMachine implements DoctorMachine {
  nowMs = NOW_MS;
  uptimeMs = UPTIME_MS;
  readonly files = new Map<string, Planted>();
  readonly programs = new Map<string, { readonly code: number; readonly text: string } | "hangs">();
  certificateLook: CertificateLook | undefined = { commonName: "T-0001", validFromMs: NOW_MS - 30 * DAY_MS, validToMs: NOW_MS + 300 * DAY_MS, ownsKey: true };
  spaceLook: DiskSpace | undefined = { freeBytes: 10 * GIGABYTE, totalBytes: 16 * GIGABYTE, freeFiles: 900_000, totalFiles: 1_000_000 };
  reached: Reach | undefined = "connected";

  plant(path: string, contents: string | Bytes, look: Partial<PathLook> = {}): void {
    const bytes = typeof contents === "string" ? utf8(contents) : contents;
    const usual = { kind: "file", mode: FILE_MODE, user: SERVICE_USER, group: SERVICE_USER, size: bytes.length, changedMs: NOW_MS - HOUR_MS } as const;
    this.files.set(path, { bytes, look: { ...usual, ...look } });
  }

  /** The same file with something else about it. */
  change(path: string, look: Partial<PathLook>): void {
    const planted = this.files.get(path);
    if (planted === undefined) throw new Error(`${path} was never planted`);
    this.files.set(path, { ...planted, look: { ...planted.look, ...look } });
  }

  deny(path: string): void {
    const planted = this.files.get(path);
    if (planted === undefined) throw new Error(`${path} was never planted`);
    this.files.set(path, { ...planted, denied: true });
  }

  program(line: string, text: string, code = 0): void {
    this.programs.set(line, { code, text });
  }

  read(path: string, maxBytes: number): Promise<Bytes | Missing> {
    const planted = this.files.get(path);
    if (planted === undefined) return Promise.resolve("absent");
    return Promise.resolve(planted.denied === true ? "denied" : planted.bytes.slice(0, maxBytes));
  }

  look(path: string): Promise<PathLook | Missing> {
    return Promise.resolve(this.files.get(path)?.look ?? "absent");
  }

  list(path: string): Promise<readonly string[] | Missing> {
    const names = new Set([...this.files.keys()].filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1).split("/")[0] ?? ""));
    return Promise.resolve(names.size === 0 ? "absent" : [...names]);
  }

  space(): Promise<DiskSpace | undefined> {
    return Promise.resolve(this.spaceLook);
  }

  run(program: string, args: readonly string[]): Promise<{ readonly code: number; readonly text: string } | undefined> {
    const answer = this.programs.get([program, ...args].join(" "));
    return answer === "hangs" ? new Promise(() => undefined) : Promise.resolve(answer);
  }

  certificate(): CertificateLook | undefined {
    return this.certificateLook;
  }

  reach(): Promise<Reach | undefined> {
    return Promise.resolve(this.reached);
  }

  /** The service says something else of itself. */
  tell(change: Partial<RuntimeStatus>): void {
    this.plant("/run/yikatong/status.json", JSON.stringify({ ...HEALTHY, ...change }));
  }

  /** Another configuration, written as the terminal writes it. */
  async configure(change: Readonly<Record<string, unknown>>): Promise<void> {
    const storage: Storage = {
      read: async (name) => {
        const bytes = await this.read(`${CONFIG}/${name}`, Number.MAX_SAFE_INTEGER);
        return typeof bytes === "string" ? undefined : bytes;
      },
      write: async (name, contents) => this.plant(`${CONFIG}/${name}`, contents),
      remove: () => Promise.resolve(),
      list: () => Promise.resolve([]),
    };
    await saveConfig({ storage, suite: openCipherSuite(), log: SILENT }, exampleConfig({ devices: DEVICES, ...change }));
  }
}

const DEVICES = { pinPad: { adapter: "pad02h", port: { path: SERIAL }, profile: { sm4: "none" } } };

const HEALTHY: RuntimeStatus = {
  v: 1,
  version: "0.1.0",
  pid: 4242,
  terminalId: "T-0001",
  uptimeMs: UPTIME_MS - 500,
  readyAtMs: 60_000,
  loopLateMs: 4,
  journalSilentMs: 900,
  journal: { usedBytes: 1_000_000, limitBytes: 268_435_456, lastSeq: 1_000, receiptedThrough: 998 },
  cardPresent: false,
  actsUnderWay: 0,
  held: false,
  exposure: { count: 2, sumFen: 900, oldestAgeMs: 60_000, unknown: 0 },
  clock: "trusted",
  link: { up: true, hostPresent: true },
  devices: [
    { role: "user", state: "ready" },
    { role: "sam", state: "ready" },
    { role: "pinPad", state: "ready" },
  ],
};

export function serviceWords(change: Readonly<Record<string, string>> = {}): string {
  const words = { ActiveState: "active", NRestarts: "0", WatchdogUSec: "20s", LimitCORE: "0", ...change };
  return Object.entries(words)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

export const SERVICE_LINE = "systemctl show yikatong.service --property=ActiveState --property=NRestarts --property=WatchdogUSec --property=LimitCORE";

/** Header of an SQLite database that says it has this schema. */
export function databaseHead(schema: number): Bytes {
  const head = new Uint8Array(100);
  head.set(utf8("SQLite format 3\0"));
  new DataView(head.buffer).setUint32(60, schema);
  return head;
}

/** A point that is on the curve: its base point. Spec: GB/T 32918.5, curve. */
const BASE_POINT = "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";

/** Key file of a terminal; not of the published test keys. */
export function keyFileText(scalarHex = "5a".repeat(32)): string {
  return `signing-scalar = ${scalarHex}\nhost-public-key = ${BASE_POINT}\ndata-key = ${"b2".repeat(16)}\nstorage-key = ${"c3".repeat(16)}\n`;
}

export async function healthyMachine(): Promise<PlantedMachine> {
  const machine = new PlantedMachine();
  await machine.configure({});
  machine.plant(`${CONFIG}/terminal.keys`, keyFileText());
  for (const name of ["ca.pem", "cert.pem", "key.pem"]) machine.plant(`/etc/yikatong/${name}`, "-----BEGIN-----\n");
  machine.plant(DATABASE, databaseHead(2));
  machine.plant("/etc/yikatong/release-keys", `maker = ${"ab".repeat(64)}\n`, { user: 0 });
  machine.plant("/opt/yikatong/current", "", { kind: "link", resolves: true, user: 0 });
  machine.plant("/opt/yikatong/current/manifest.json", `{"v":1,"version":"0.1.0","builtMs":${NOW_MS - DAY_MS}}`, { user: 0 });
  machine.plant("/etc/udev/rules.d/60-yikatong.rules", "", { user: 0 });
  machine.plant("/etc/polkit-1/rules.d/50-yikatong.rules", "", { user: 0 });
  machine.plant(SERIAL, "", { kind: "link", resolves: true, mode: 0o660, user: 0, group: DIALOUT });
  machine.plant("/proc/mounts", "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n/dev/mmcblk0p3 /var/lib/yikatong ext4 rw,noatime 0 0\n");
  machine.plant("/proc/meminfo", "MemTotal: 906000 kB\nMemAvailable:   512000 kB\n");
  machine.plant("/proc/swaps", "Filename Type Size Used Priority\n");
  machine.plant("/sys/class/thermal/thermal_zone0/temp", "51540\n");
  machine.plant("/sys/devices/platform/soc/soc:firmware/get_throttled", "0\n");
  machine.plant("/sys/fs/ext4/mmcblk0p3/errors_count", "0\n");
  machine.plant("/sys/block/mmcblk0/device/life_time", "0x01 0x02\n");
  machine.plant("/sys/block/mmcblk0/device/pre_eol_info", "0x01\n");
  machine.tell({});
  machine.program("id -u yikatong", `${SERVICE_USER}\n`);
  machine.program("id -G yikatong", `${SERVICE_USER} ${DIALOUT} 46\n`);
  machine.program(SERVICE_LINE, serviceWords());
  machine.program("systemctl is-active pcscd.socket", "active\n");
  machine.program("systemctl is-active systemd-timesyncd", "active\n");
  machine.program("systemctl is-active ModemManager", "inactive\n", 3);
  machine.program("systemctl is-active unattended-upgrades", "inactive\n", 3);
  machine.program("pcscd --version", "pcsc-lite version 2.3.3.\n");
  machine.program("ip -o addr show scope global", "2: eth0    inet 192.0.2.5/24\n");
  return machine;
}
