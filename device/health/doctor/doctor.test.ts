/* The doctor: silent about a healthy terminal; each fault of its table is planted in one and found, by its own name. */
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { canonicalJson, type JsonValue } from "../../codec/json.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { KeyStatus } from "../runtime-status.ts";
import { CHECKS, diagnosisText, examine, exitCodeOf } from "./doctor.ts";
import { gather } from "./gather.ts";
import { DEVICE_RULES, POLKIT_RULE } from "./gather-system.ts";
import { PLACES } from "./machine.ts";
import { combedText, supportBundle } from "./support-bundle.ts";
import { databaseHead, healthyMachine, NOW_MS, type PlantedMachine, SERVICE_LINE, serviceWords, UPTIME_MS } from "./testing.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CONFIG = "/var/lib/yikatong/config";
const KEYS = `${CONFIG}/terminal.keys`;
const DATABASE = "/var/lib/yikatong/journal/journal.sqlite";
const STATUS = "/run/yikatong/status.json";
const PAD = "/dev/yikatong/pin-pad";

type Plant = (machine: PlantedMachine) => void | Promise<void>;

const certificate =
  (change: object): Plant =>
  (machine) => {
    machine.certificateLook = { commonName: "T-0001", validFromMs: 0, validToMs: NOW_MS + 300 * DAY_MS, ownsKey: true, ...change };
  };
const tell =
  (change: Parameters<PlantedMachine["tell"]>[0]): Plant =>
  (machine) =>
    machine.tell(change);
const service =
  (change: Readonly<Record<string, string>>): Plant =>
  (machine) =>
    machine.program(SERVICE_LINE, serviceWords(change));
const device = (role: string, state: "absent" | "failed", code?: string) => tell({ devices: [{ role, state, ...(code === undefined ? {} : { code }) }] });
const keyLoad = (state: KeyStatus["state"], detail?: string) =>
  tell({
    keys: [
      { place: "psam", name: "purse", state: "as-ordered" },
      { place: "psam", name: "module", state, ...(detail === undefined ? {} : { detail }) },
    ],
  });
const exposure = (ageMs: number) => tell({ exposure: { count: 1, sumFen: 100, oldestAgeMs: ageMs, unknown: 0 } });
const space =
  (change: object): Plant =>
  (machine) => {
    machine.spaceLook = { freeBytes: 50, totalBytes: 100, freeFiles: 50, totalFiles: 100, ...change };
  };
const reached =
  (is: PlantedMachine["reached"]): Plant =>
  (machine) => {
    machine.reached = is;
  };
const throttled =
  (bits: string): Plant =>
  (machine) =>
    machine.plant("/sys/devices/platform/soc/soc:firmware/get_throttled", bits);
const dataMount =
  (line: string): Plant =>
  (machine) =>
    machine.plant("/proc/mounts", `/dev/root / ext4 rw 0 0\n${line}\n`);

/** How each fault comes to be. Names of the table, each once. */
const PLANTED: Readonly<Record<string, Plant>> = {
  "config-absent": (machine) => {
    machine.files.delete(`${CONFIG}/terminal-a.json`);
  },
  "config-denied": (machine) => machine.deny(`${CONFIG}/terminal-a.json`),
  "config-corrupt": (machine) => machine.plant(`${CONFIG}/terminal-a.json`, "{"),
  "config-invalid": (machine) => {
    const text = new TextDecoder().decode(machine.files.get(`${CONFIG}/terminal-a.json`)?.bytes);
    const { generation, data } = JSON.parse(text) as { generation: number; data: { readonly [member: string]: JsonValue } };
    const bent = { ...data, unknownKey: 1 };
    const checksum = toHex(openCipherSuite().sm3(utf8(canonicalJson({ generation, data: bent }))));
    machine.plant(`${CONFIG}/terminal-a.json`, canonicalJson({ generation, data: bent, checksum }));
  },
  "config-slot-damaged": (machine) => machine.plant(`${CONFIG}/terminal-b.json`, "cut of"),
  "keys-absent": (machine) => {
    machine.files.delete(KEYS);
  },
  "keys-denied": (machine) => machine.deny(KEYS),
  "keys-open-to-others": (machine) => machine.change(KEYS, { mode: 0o640 }),
  "keys-foreign-owner": (machine) => machine.change(KEYS, { user: 0 }),
  "files-foreign-owner": (machine) => machine.change(`${CONFIG}/terminal-a.json`, { user: 0 }),
  "keys-malformed": (machine) => machine.plant(KEYS, "signing-scalar = 12\n"),
  // Its keys are one byte again and again.
  "keys-of-tests": (machine) => machine.configure({ profile: "production" }),
  "certificate-absent": (machine) => {
    machine.files.delete("/etc/yikatong/cert.pem");
  },
  "certificate-denied": (machine) => machine.deny("/etc/yikatong/key.pem"),
  "certificate-malformed": (machine) => {
    machine.certificateLook = undefined;
  },
  "certificate-expired": certificate({ validToMs: NOW_MS - 1 }),
  "certificate-expiring": certificate({ validToMs: NOW_MS + 3 * DAY_MS }),
  "certificate-not-yet-valid": certificate({ validFromMs: NOW_MS + DAY_MS }),
  "certificate-key-differs": certificate({ ownsKey: false }),
  "certificate-of-another": certificate({ commonName: "T-0002" }),
  "claim-waiting": (machine) => machine.plant("/etc/yikatong/claim.json", "{}"),
  "module-ordered-absent": keyLoad("module-absent"),
  "module-not-ordered": keyLoad("other-module", "330100000043"),
  "module-keys-differ": keyLoad("wrong-check", "0a0b0c"),
  "key-load-open": keyLoad("not-loaded"),
  "key-load-expired": keyLoad("expired"),
  "module-of-tests": keyLoad("test-key"),
  "certificate-change-stuck": (machine) => machine.plant("/var/lib/yikatong/identity/link-next.json", "{}", { changedMs: NOW_MS - 2 * DAY_MS }),
  "service-not-running": service({ ActiveState: "failed" }),
  "service-restarting": async (machine) => {
    await service({ NRestarts: "7" })(machine);
    await tell({ readyAtMs: UPTIME_MS - 60_000 })(machine);
  },
  "service-silent": tell({ uptimeMs: 4 * DAY_MS }),
  "status-absent": (machine) => {
    machine.files.delete(STATUS);
  },
  "status-malformed": (machine) => machine.plant(STATUS, '{"v":1}'),
  "loop-late": tell({ loopLateMs: 2_500 }),
  "journal-silent": tell({ journalSilentMs: 90_000 }),
  "hold-forgotten": (machine) => machine.plant("/run/yikatong/hold", "", { changedMs: NOW_MS - HOUR_MS }),
  "watchdog-off": service({ WatchdogUSec: "0" }),
  "core-dumps-on": service({ LimitCORE: "infinity" }),
  "release-link-broken": (machine) => machine.change("/opt/yikatong/current", { resolves: false }),
  "release-returned": (machine) => machine.plant("/var/lib/yikatong/update/returned", "version=0.2.0\n"),
  "release-trial-long": (machine) => machine.plant("/var/lib/yikatong/update/trial", "version=0.2.0\n", { changedMs: NOW_MS - 2 * DAY_MS }),
  "release-keys-absent": (machine) => {
    machine.files.delete("/etc/yikatong/release-keys");
  },
  "release-keys-malformed": (machine) => machine.plant("/etc/yikatong/release-keys", "maker = 12\n"),
  "clock-before-release": (machine) => machine.plant("/opt/yikatong/current/manifest.json", `{"v":1,"builtMs":${NOW_MS + DAY_MS}}`),
  "clock-untrusted": tell({ clock: "untrusted" }),
  "time-service-off": (machine) => machine.program("systemctl is-active systemd-timesyncd", "inactive\n", 3),
  "automatic-upgrades-on": (machine) => machine.program("systemctl is-active unattended-upgrades", "active\n"),
  "reader-absent": device("user", "absent"),
  "module-absent": device("sam", "absent"),
  "reader-failed": device("sam", "failed", "reader-hung"),
  "device-absent": device("gate:north", "absent"),
  "device-failed": device("printer", "failed", "device-hung"),
  "reader-service-off": (machine) => machine.program("systemctl is-active pcscd.socket", "inactive\n", 3),
  "reader-rule-absent": (machine) => {
    machine.files.delete("/etc/polkit-1/rules.d/50-yikatong.rules");
  },
  "device-rules-absent": (machine) => {
    machine.files.delete("/etc/udev/rules.d/60-yikatong.rules");
  },
  "port-absent": (machine) => {
    machine.files.delete(PAD);
  },
  "port-denied": (machine) => machine.change(PAD, { group: 5 }),
  "modem-manager-on": (machine) => machine.program("systemctl is-active ModemManager", "active\n"),
  "under-voltage": throttled("1"),
  "under-voltage-seen": throttled("10000"),
  "slowed-down": throttled("4"),
  "disk-nearly-full": space({ freeBytes: 5 }),
  "disk-no-file-left": space({ freeFiles: 3 }),
  "disk-read-only": dataMount("/dev/mmcblk0p3 /var/lib/yikatong ext4 ro,noatime 0 0"),
  "disk-forgets": dataMount("tmpfs /var/lib/yikatong tmpfs rw 0 0"),
  "disk-errors": (machine) => machine.plant("/sys/fs/ext4/mmcblk0p3/errors_count", "3\n"),
  "disk-worn": (machine) => machine.plant("/sys/block/mmcblk0/device/life_time", "0x02 0x0a\n"),
  "journal-absent": (machine) => {
    machine.files.delete(DATABASE);
  },
  "journal-denied": (machine) => machine.deny(DATABASE),
  "journal-not-writable": (machine) => machine.change(DATABASE, { user: 0 }),
  "journal-no-database": (machine) => machine.plant(DATABASE, "x".repeat(200)),
  "journal-of-another-release": (machine) => machine.plant(DATABASE, databaseHead(9)),
  "journal-nearly-full": tell({ journal: { usedBytes: 95, limitBytes: 100, lastSeq: 2, receiptedThrough: 2 } }),
  "money-waiting": exposure(2 * DAY_MS),
  "money-overdue": exposure(9.5 * DAY_MS),
  "receipts-stuck": exposure(2 * HOUR_MS),
  "outcomes-unknown": tell({ exposure: { count: 1, sumFen: 1, unknown: 1 } }),
  "memory-low": (machine) => machine.plant("/proc/meminfo", "MemAvailable:   12000 kB\n"),
  "swap-on": (machine) => machine.plant("/proc/swaps", "Filename Type\n/dev/zram0 partition\n"),
  "too-hot": (machine) => machine.plant("/sys/class/thermal/thermal_zone0/temp", "85200\n"),
  "network-no-address": (machine) => {
    machine.program("ip -o addr show scope global", "");
    machine.reached = "unreachable";
  },
  "broker-name-unknown": reached("name-unknown"),
  "broker-refused": reached("refused"),
  "broker-unreachable": reached("unreachable"),
  "link-down": tell({ link: { up: false, hostPresent: false } }),
  "host-silent": tell({ link: { up: true, hostPresent: false } }),
};

/** What cannot but follow from a fault, and is no mistake of the doctor. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  "journal-not-writable": ["files-foreign-owner"],
  "money-overdue": ["receipts-stuck"],
  "money-waiting": ["receipts-stuck"],
};

const partsOf = (machine: PlantedMachine, clock = new VirtualClock(NOW_MS)) => ({
  machine,
  places: PLACES,
  clock,
  suite: openCipherSuite(),
  journalSchemas: [1, 2],
  journalFile: "journal.sqlite",
});

async function diagnose(plant?: Plant) {
  const machine = await healthyMachine();
  await plant?.(machine);
  const clock = new VirtualClock(NOW_MS);
  return clock.resolve(examine(partsOf(machine, clock)));
}

describe("the doctor", () => {
  it("finds nothing at a healthy terminal", async () => {
    const diagnosis = await diagnose();
    expect(diagnosis.findings).toEqual([]);
    expect(diagnosis.unanswered).toEqual([]);
    expect(exitCodeOf(diagnosis)).toBe(0);
  });

  it("knows at least forty faults, each under a name of its own, in both languages", () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    expect(CHECKS.length).toBeGreaterThanOrEqual(40);
    for (const { says, remedy } of CHECKS) {
      expect(says.zh + remedy.zh).toMatch(/\p{Script=Han}/u);
      expect(says.en + remedy.en).toMatch(/[a-z]/);
    }
  });

  it("has a planted fault for every check, and a check for every planted fault", () => {
    expect(Object.keys(PLANTED).sort()).toEqual(CHECKS.map(({ id }) => id).sort());
  });

  it.each(Object.entries(PLANTED))("finds %s, and nothing that does not follow from it", async (id, plant) => {
    const diagnosis = await diagnose(plant);
    expect(diagnosis.findings.map((finding) => finding.id).sort()).toEqual([id, ...(FOLLOWS[id] ?? [])].sort());
    expect(exitCodeOf(diagnosis)).toBe(diagnosis.findings.some(({ severity }) => severity === "fault") ? 2 : 1);
    expect(diagnosisText(diagnosis)).toContain(id);
  });

  it("ends in time and names what did not answer when every program hangs", async () => {
    const diagnosis = await diagnose((machine) => {
      for (const line of [...machine.programs.keys()]) machine.programs.set(line, "hangs");
    });
    expect(diagnosis.unanswered).toContain("service");
    expect(diagnosis.tookMs).toBeLessThan(5_000);
  });

  it("forgives restarts to a service that has served for long since", async () => {
    expect((await diagnose(service({ NRestarts: "7" }))).findings).toEqual([]);
  });

  it("leaves out a time service that the system itself has left out, and not one that nobody has ever started", async () => {
    const show = "systemctl show systemd-timesyncd --property=ConditionResult --property=ConditionTimestampMonotonic";
    const answer = (text: string) => (machine: PlantedMachine) => {
      machine.program("systemctl is-active systemd-timesyncd", "inactive\n", 3);
      machine.program(show, text);
    };
    expect((await diagnose(answer("ConditionResult=no\nConditionTimestampMonotonic=4711\n"))).findings).toEqual([]);
    for (const text of ["ConditionResult=no\nConditionTimestampMonotonic=0\n", "ConditionResult=yes\nConditionTimestampMonotonic=4711\n"])
      expect((await diagnose(answer(text))).findings.map(({ id }) => id)).toEqual(["time-service-off"]);
  });

  it("says something of a machine on which there is nothing at all", async () => {
    const diagnosis = await diagnose((machine) => {
      machine.files.clear();
      machine.programs.clear();
      machine.reached = undefined;
      machine.spaceLook = undefined;
    });
    expect(diagnosis.findings.map(({ id }) => id)).toEqual(["config-absent"]);
  });
});

describe("the support bundle", () => {
  it("holds no key, ticket or number of a person, wherever they stood", async () => {
    const secrets = ["5a".repeat(32), "b2".repeat(16), "6217000000000000017", "530102199001011234", "53010219900101123X", "TICKET0123456789abcdef0123456789"];
    const machine = await healthyMachine();
    machine.plant("/etc/yikatong/claim.json", JSON.stringify({ ticket: secrets[5] }));
    machine.program(
      "journalctl -u yikatong -u yikatong-claim -u yikatong-update -u pcscd -n 3000 --no-pager -o short-iso",
      `2026 pcscd: APDU ${secrets[0]}\n card ${secrets[2]} person ${secrets[3]} and ${secrets[4]}\n time 1795000000000\n`,
    );
    const clock = new VirtualClock(NOW_MS);
    const parts = partsOf(machine, clock);
    const { config } = await clock.resolve(gather(parts));
    const diagnosis = await clock.resolve(examine(parts));
    const files = await supportBundle({ ...parts, config, diagnosis });
    const all = files.map(({ contents }) => new TextDecoder().decode(contents)).join("\n");
    for (const secret of secrets) expect(all).not.toContain(secret);
    expect(all).toContain("1795000000000");
    expect(all).toContain("claim-waiting");
  });

  it("combs what looks like a number and leaves words alone", () => {
    expect(combedText("card=6217000000000000017 v0.1.0 at 1795000000000 key 00112233445566778899aabbccddeeff")).toBe(
      "card=**** v0.1.0 at 1795000000000 key ****",
    );
  });
});

describe("what the doctor looks for", () => {
  it("is what the install script puts there", async () => {
    const script = await readFile(new URL("../../../provisioning/install/install.sh", import.meta.url), "utf8");
    for (const path of [POLKIT_RULE, DEVICE_RULES]) expect(script).toContain(path.slice(1));
  });
});

describe("docs/doctor.md", () => {
  it("lists every fault as the table has it", async () => {
    const file = new URL("../../../docs/doctor.md", import.meta.url);
    const text = await readFile(file, "utf8");
    const rows = CHECKS.map(({ id, severity, says, remedy }) => `| \`${id}\` | ${severity} | ${says.zh} ${says.en} | ${remedy.zh}; ${remedy.en} |`);
    const table = ["| fault | kind | what | what to do |", "|---|---|---|---|", ...rows].join("\n");
    const wanted = text.replace(/<!-- checks -->[\s\S]*<!-- \/checks -->/, `<!-- checks -->\n${table}\n<!-- /checks -->`);
    if (process.env["YIKATONG_WRITE"] === "1") await writeFile(file, wanted);
    expect(process.env["YIKATONG_WRITE"] === "1" ? wanted : text).toBe(wanted);
  });
});
