/*
 * Goal: one table says what is proved where: name, level, needs and what runs.
 * Method: lane test files are found by pattern, so that a new file joins its lane by its place. A file belongs to the first lane
 * whose pattern it matches; a file that matches none is an error (tools/lanes.test.ts).
 */

export type Level = "test" | "ci";

export interface Needs {
  /** Debian packages; installed where rights allow. */
  readonly packages?: readonly string[];
  /** A private mount and network namespace: root, or unprivileged namespaces. */
  readonly namespaces?: boolean;
  /** The PC/SC binding and our reader handler, built by the set-up. */
  readonly pcsc?: boolean;
  /** Tracing of system calls (a container may forbid it). */
  readonly tracing?: boolean;
}

/** What a lane runs: vitest over the sources, vitest over lane files, or a runner of its own. */
export type Work =
  | { readonly kind: "checks" }
  | { readonly kind: "unit" }
  | { readonly kind: "files"; readonly patterns: readonly RegExp[]; readonly mayBeEmpty?: boolean }
  | { readonly kind: "arm64" }
  | { readonly kind: "start" }
  | { readonly kind: "world" }
  | { readonly kind: "counter-world" }
  | { readonly kind: "gate-world" }
  | { readonly kind: "acquirer-world" }
  | { readonly kind: "conformance" }
  | { readonly kind: "services" }
  | { readonly kind: "bench" };

export interface Lane {
  readonly name: string;
  readonly level: Level;
  readonly needs: Needs;
  readonly work: Work;
  /** The lane is ended when it takes longer. */
  readonly limitMs: number;
  /** Further tries of a failed case; only where a program that is not ours is known to fail now and then, with the reason beside it. */
  readonly retries?: number;
}

const MINUTE_MS = 60_000;

/** All lanes in the order in which they run: cheap first. Patterns are tried in this order too. */
export const LANES: readonly Lane[] = [
  { name: "checks", level: "test", needs: {}, work: { kind: "checks" }, limitMs: 5 * MINUTE_MS },
  { name: "unit", level: "test", needs: {}, work: { kind: "unit" }, limitMs: 12 * MINUTE_MS },
  {
    name: "rounds",
    level: "ci",
    needs: { packages: ["mosquitto", "openssl"] },
    work: { kind: "files", patterns: [/rounds[^/]*\.lane\.test\.ts$/] },
    limitMs: 10 * MINUTE_MS,
  },
  {
    name: "bad-input",
    level: "ci",
    needs: {},
    work: { kind: "files", patterns: [/(?:bad-input|fuzz)[^/]*\.lane\.test\.ts$/] },
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "breaches",
    level: "ci",
    needs: {},
    work: { kind: "files", patterns: [/breaches[^/]*\.lane\.test\.ts$/] },
    limitMs: 8 * MINUTE_MS,
  },
  {
    name: "other-readers",
    level: "ci",
    needs: { packages: ["pcscd", "libpcsclite1", "iproute2", "util-linux", "pcsc-tools", "cardpeek", "xvfb", "xauth"], namespaces: true, pcsc: true },
    work: { kind: "files", patterns: [/other-readers[^/]*\.lane\.test\.ts$/] },
    limitMs: 6 * MINUTE_MS,
    // Its reader sits behind the same PC/SC service as the lane below.
    retries: 1,
  },
  {
    name: "hidraw",
    level: "ci",
    needs: {
      // The last ones: readers and serial lines stand beside the HID devices where everything is attached at once.
      packages: ["libfuse3-dev", "fuse3", "gcc", "libc6-dev", "pkg-config", "libusb-1.0-0", "socat", "pcscd", "libpcsclite1", "iproute2", "util-linux"],
      namespaces: true,
      pcsc: true,
    },
    work: { kind: "files", patterns: [/hidraw[^/]*\.lane\.test\.ts$/] },
    limitMs: 10 * MINUTE_MS,
  },
  {
    name: "device-vm",
    level: "ci",
    needs: {
      packages: [
        ...["qemu-system-x86", "seabios", "ipxe-qemu", "busybox-static", "cpio", "kmod", "util-linux"],
        ...["pcscd", "libccid", "libpcsclite1", "udev", "libusb-1.0-0"],
      ],
      pcsc: true,
    },
    work: { kind: "files", patterns: [/device-vm[^/]*\.lane\.test\.ts$/] },
    limitMs: 8 * MINUTE_MS,
  },
  {
    name: "provisioning",
    level: "ci",
    needs: {
      // The compiler builds the driver of the simulated readers; the machine itself is made by mmdebstrap.
      packages: [
        ...["mmdebstrap", "systemd-container", "util-linux", "pcscd", "libpcsclite1", "gcc", "libc6-dev", "pkg-config", "libpcsclite-dev"],
        // Its host's broker, the cable to it, and the disk of its records.
        ...["mosquitto", "iproute2", "e2fsprogs"],
        // It checks the signature of the first bundle.
        "openssl",
      ],
      namespaces: true,
      pcsc: true,
    },
    work: { kind: "files", patterns: [/^hw-tests\/provisioning[^/]*\.lane\.test\.ts$/] },
    limitMs: 20 * MINUTE_MS,
  },
  {
    name: "losses",
    level: "ci",
    // The compiler builds what makes native calls hang.
    needs: { packages: ["socat", "pcscd", "libpcsclite1", "iproute2", "util-linux", "gcc", "libc6-dev"], namespaces: true, pcsc: true },
    work: { kind: "files", patterns: [/^hw-tests\/(?:replug|hang)-[^/]+$/, /pcscd-kills[^/]*\.lane\.test\.ts$/] },
    limitMs: 12 * MINUTE_MS,
  },
  {
    name: "desks",
    level: "ci",
    needs: { packages: ["socat", "pcscd", "libpcsclite1", "iproute2", "util-linux"], namespaces: true, pcsc: true },
    work: { kind: "files", patterns: [/(?:devices|metal)-(?:pty|pcscd)\.lane\.test\.ts$/] },
    limitMs: 12 * MINUTE_MS,
    // The same service as in the lane of readers.
    retries: 1,
  },
  {
    name: "tty",
    level: "test",
    needs: { packages: ["socat"] },
    work: { kind: "files", patterns: [/-pty\.lane\.test\.ts$/, /^device\/drivers\/(?:gate|pad|printer|display|scanner)-[^/]+\//] },
    limitMs: 8 * MINUTE_MS,
  },
  {
    name: "pcscd",
    level: "test",
    needs: { packages: ["pcscd", "libpcsclite1", "iproute2", "util-linux", "socat"], namespaces: true, pcsc: true },
    work: { kind: "files", patterns: [/^device\/drivers\/pcsc\//, /^simulators\/reader\//, /pcsc[^/]*\.lane\.test\.ts$/, /^hw-tests\//] },
    limitMs: 10 * MINUTE_MS,
    // The PC/SC service can miss a card that is put back within milliseconds (docs/fault-model.md); one more try tells that from a fault of ours.
    retries: 1,
  },
  {
    name: "claim",
    level: "ci",
    needs: { packages: ["mosquitto"] },
    work: { kind: "files", patterns: [/^provisioning\/claim\//] },
    limitMs: 8 * MINUTE_MS,
  },
  {
    name: "mosquitto",
    level: "test",
    needs: { packages: ["mosquitto", "openssl"] },
    work: { kind: "files", patterns: [/^device\/sync\//, /^simulators\/(?:host|broker)\//, /mosquitto[^/]*\.lane\.test\.ts$/] },
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "replay",
    level: "test",
    needs: { packages: ["strace"], tracing: true },
    work: { kind: "files", patterns: [/^device\/txn\/journal\//, /^device\/config\//, /^simulators\/disk\//, /(?:replay|power-cut)[^/]*\.lane\.test\.ts$/] },
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "reader-library",
    level: "ci",
    // The compiler builds the shared library and the programs that call it, one of them under its sanitizers.
    needs: { packages: ["gcc", "libc6-dev", "make", "binutils", "python3"] },
    work: { kind: "files", patterns: [/^device\/api\/reader-library\//] },
    limitMs: 8 * MINUTE_MS,
  },
  {
    name: "api",
    level: "test",
    // The program makes the certificate of the API beyond loopback.
    needs: { packages: ["openssl"] },
    work: { kind: "files", patterns: [/^device\/api\//] },
    limitMs: 5 * MINUTE_MS,
  },
  {
    name: "release",
    level: "ci",
    // What the machine's side of an update is made of; every Debian has it.
    needs: { packages: ["tar", "gzip", "dash", "coreutils", "util-linux"] },
    work: { kind: "files", patterns: [/^provisioning\/release\/release[^/]*\.lane\.test\.ts$/] },
    limitMs: 25 * MINUTE_MS,
  },
  {
    name: "rauc",
    level: "ci",
    needs: { packages: ["rauc", "squashfs-tools", "dbus", "openssl", "dash"] },
    work: { kind: "files", patterns: [/^provisioning\/release\/rauc\/[^/]*\.lane\.test\.ts$/] },
    limitMs: 5 * MINUTE_MS,
  },
  {
    name: "arm64-bundle",
    level: "ci",
    needs: { packages: ["qemu-user-static", "g++-aarch64-linux-gnu", "binutils-aarch64-linux-gnu", "make", "python3", "tar", "gzip"] },
    work: { kind: "files", patterns: [/^tools\/bundle\/arm64-[^/]*\.lane\.test\.ts$/] },
    limitMs: 15 * MINUTE_MS,
  },
  {
    name: "gate-memory",
    level: "ci",
    needs: {},
    work: { kind: "files", patterns: [/gate-memory[^/]*\.lane\.test\.ts$/] },
    limitMs: 10 * MINUTE_MS,
  },
  {
    name: "processes",
    level: "test",
    needs: {},
    work: { kind: "files", patterns: [/\.lane\.test\.ts$/], mayBeEmpty: true },
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "arm64",
    level: "ci",
    // The last four serve the dialogue with the PC/SC service; without rights for a private one those cases say so.
    needs: {
      packages: ["qemu-user-static", "g++-aarch64-linux-gnu", "binutils-aarch64-linux-gnu", "make", "python3", "socat", "pcscd", "libpcsclite1", "util-linux"],
    },
    work: { kind: "arm64" },
    limitMs: 15 * MINUTE_MS,
  },
  { name: "start", level: "ci", needs: {}, work: { kind: "start" }, limitMs: 3 * MINUTE_MS },
  { name: "world", level: "ci", needs: {}, work: { kind: "world" }, limitMs: 15 * MINUTE_MS },
  { name: "counter-world", level: "ci", needs: {}, work: { kind: "counter-world" }, limitMs: 12 * MINUTE_MS },
  { name: "gate-world", level: "ci", needs: {}, work: { kind: "gate-world" }, limitMs: 15 * MINUTE_MS },
  { name: "acquirer-world", level: "ci", needs: {}, work: { kind: "acquirer-world" }, limitMs: 15 * MINUTE_MS },
  { name: "conformance", level: "ci", needs: {}, work: { kind: "conformance" }, limitMs: 6 * MINUTE_MS },
  { name: "services", level: "ci", needs: {}, work: { kind: "services" }, limitMs: 3 * MINUTE_MS },
  { name: "bench", level: "ci", needs: {}, work: { kind: "bench" }, limitMs: 5 * MINUTE_MS },
];

/** The lane that a lane test file belongs to; the path is relative to the project and written with slashes. */
export function laneOf(path: string): Lane | undefined {
  return LANES.find((lane) => lane.work.kind === "files" && lane.work.patterns.some((pattern) => pattern.test(path)));
}

/** Counts of test cases. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(left: Counts, right: Counts): Counts {
  return { passed: left.passed + right.passed, failed: left.failed + right.failed, skipped: left.skipped + right.skipped };
}

/** The last line of a run. With `skipsFail` (CI=true) what was skipped counts as failed. */
export function lastLine(counts: Counts, skipsFail: boolean): string {
  const failed = counts.failed + (skipsFail ? counts.skipped : 0);
  return `${counts.passed} passed, ${failed} failed`;
}

/** What a lane came to: its counts, what went wrong in lines for people, and why cases were skipped. */
export interface Outcome {
  readonly counts: Counts;
  readonly failures: readonly string[];
  readonly skips: readonly string[];
}
