/* For tests: a machine in a folder, with small releases whose programs do what an update asks of a release, and a service that starts them. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toHex } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { RuntimeStatus } from "../../device/health/runtime-status.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { type Packed, packBundle, type ReleaseAbout } from "../../tools/bundle/pack.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../../tools/bundle/test-key.ts";
import { machineFiles } from "./files.ts";
import type { ServiceWord } from "./judge.ts";
import { MANIFEST_FILE } from "./manifest.ts";
import { JOURNAL_FILE, releasePlace } from "./place.ts";
import type { ServiceControl } from "./service.ts";
import { signatureLine } from "./signed.ts";
import { healthyStatus } from "./status-for-tests.ts";
import type { UpdateParts } from "./update.ts";

export const SELECT_RELEASE = fileURLToPath(new URL("./select-release", import.meta.url));
export const BUILT_MS = 1_790_000_000_000;
const ARCH = process.arch === "arm64" ? "arm64" : "x64";

/** What a release of a test is like besides its version. */
export interface TestRelease {
  readonly schema?: number;
  readonly written?: readonly number[];
  readonly emergency?: boolean;
  readonly builtMs?: number;
  readonly arch?: "x64" | "arm64";
  /** "dies": ends at once when started. "hangs": runs and never gets well. */
  readonly life?: "lives" | "dies";
  readonly selfTest?: "passes" | "fails";
  readonly migration?: "works" | "fails";
  /** Another program than the small one of tests. */
  readonly program?: string;
}

/** A release's program: its journal is a file that says its schema, and it starts with no other. */
function program({ schema = 1, written = [schema], life = "lives", selfTest = "passes", migration = "works" }: TestRelease): string {
  return `#!/bin/sh
case "$1" in
self-test) ${selfTest === "passes" ? "exit 0" : "echo 'sm3 is wrong' >&2; exit 1"} ;;
journal)
  [ "$2 $3" = "migrate --to" ] || exit 2
  ${migration === "works" ? "" : "echo 'the copy differs' >&2; exit 1"}
  case " ${written.join(" ")} " in *" $4 "*) ;; *) echo "schema $4 is not mine to write" >&2; exit 1 ;; esac
  case " ${written.join(" ")} " in *" $(cat "$5/journal.sqlite") "*) ;; *) echo "schema is not mine to read" >&2; exit 1 ;; esac
  printf %s "$4" > "$5/journal.new" && mv "$5/journal.new" "$5/journal.sqlite" ;;
run) [ "$(cat "$2/journal.sqlite")" = ${schema} ] || exit 3
  exit ${life === "lives" ? 0 : 1} ;;
esac
`;
}

function aboutOf(version: string, release: TestRelease): ReleaseAbout {
  const { schema = 1, written = [schema], emergency = false, builtMs = BUILT_MS, arch = ARCH } = release;
  return { version, arch, node: "24.21.0", builtMs, journalSchema: schema, journalSchemasWritten: written, emergency };
}

export class TestMachine {
  readonly root = mkdtempSync(join(tmpdir(), "ykt-release-"));
  readonly place = releasePlace(this.root);
  readonly suite: CipherSuite;
  status: RuntimeStatus = healthyStatus();
  running = false;

  constructor(suite: CipherSuite) {
    this.suite = suite;
    for (const folder of [this.place.releases, this.place.incoming, this.place.journal, join(this.root, "run/yikatong"), join(this.root, "etc/yikatong")]) {
      mkdirSync(folder, { recursive: true });
    }
    writeFileSync(this.place.keys, `${TEST_KEY_NAME} = ${toHex(testReleaseKey(suite).publicKey.point)}\n`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Makes a bundle; nothing of it is on the machine yet. */
  async bundle(version: string, release: TestRelease = {}, key = testReleaseKey(this.suite)): Promise<Packed> {
    const folder = mkdtempSync(join(this.root, "made-"));
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/yikatong"), release.program ?? program(release));
    chmodSync(join(folder, "bin/yikatong"), 0o755);
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist/words.txt"), `release ${version}\n`.repeat(200));
    const sign = (bytes: Uint8Array) => signatureLine(bytes, { name: TEST_KEY_NAME, key }, this.suite);
    return packBundle({ folder, about: aboutOf(version, release), sign, out: this.root, suite: this.suite });
  }

  /** Puts a release in its place as an installation does, and lets it start. */
  async install(version: string, release: TestRelease = {}): Promise<void> {
    const { path } = await this.bundle(version, release);
    const folder = join(this.place.releases, version);
    mkdirSync(folder, { recursive: true });
    spawnSync("sh", ["-c", `tar -xOf "$1" payload.tar.gz | tar -xz -C "$2" && tar -xOf "$1" ${MANIFEST_FILE} > "$2/${MANIFEST_FILE}"`, "sh", path, folder]);
    rmSync(this.place.current, { force: true });
    symlinkSync(`releases/${version}`, this.place.current);
    if (release.program === undefined) writeFileSync(join(this.place.journal, JOURNAL_FILE), String(release.schema ?? 1));
    this.start();
  }

  /** One start of the service, as its unit makes it. */
  start(): void {
    if (this.running) return;
    this.selectRelease();
    const program = join(this.place.current, "bin/yikatong");
    this.running = existsSync(program) && spawnSync(program, ["run", this.place.journal]).status === 0;
    if (this.running) this.status = { ...this.status, version: this.currentVersion() ?? "", held: false };
  }

  selectRelease(): { readonly code: number | null; readonly stderr: string } {
    const { status, stderr } = spawnSync("dash", [SELECT_RELEASE], { env: { ...process.env, YIKATONG_ROOT: this.root, YIKATONG_USER: "" }, encoding: "utf8" });
    return { code: status, stderr };
  }

  /** The manager starts it again and again, as after a crash. */
  crashLoop(times: number): void {
    for (let start = 0; start < times && !this.running; start += 1) this.start();
  }

  powerCut(): void {
    this.running = false;
    rmSync(join(this.root, "run/yikatong"), { recursive: true, force: true });
    mkdirSync(join(this.root, "run/yikatong"));
  }

  currentVersion(): string | undefined {
    try {
      return readlinkSync(this.place.current).slice("releases/".length);
    } catch {
      // No link: nothing is installed.
      return undefined;
    }
  }

  journalSchema(): number {
    return Number(readFileSync(join(this.place.journal, JOURNAL_FILE), "utf8"));
  }

  /** Everything that an update may leave behind, as text. */
  state(): string {
    const note = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "-");
    const names = [this.place.releases, this.place.update, join(this.root, "opt/yikatong")].map((folder) => readdirSync(folder).sort().join(" "));
    return [this.currentVersion(), this.journalSchema(), note(this.place.trial), note(this.place.healthy), this.running, ...names].join("\n");
  }

  saysHealthy(): void {
    writeFileSync(this.place.healthy, `${this.currentVersion()}\n`);
  }

  word(): ServiceWord {
    if (!this.running) return { kind: "stopped" };
    return { kind: "says", status: { ...this.status, held: existsSync(this.place.hold) || this.status.held } };
  }

  service(): ServiceControl {
    return {
      isRunning: () => Promise.resolve(this.running),
      stop: () => {
        this.running = false;
        return Promise.resolve();
      },
      start: () => {
        this.start();
        return Promise.resolve();
      },
    };
  }

  parts(more: Partial<UpdateParts> = {}): UpdateParts {
    const clock = systemClock();
    return {
      files: machineFiles(),
      processes: systemProcesses(),
      clock: { ...clock, wallMs: () => BUILT_MS + 1000 },
      service: this.service(),
      word: () => Promise.resolve(this.word()),
      place: this.place,
      limits: { exposureFenMax: 50_000, unknownMax: 0, spareBytes: 1024, clock: "held" },
      quietWaitMs: 400,
      asService: [],
      signal: new AbortController().signal,
      suite: this.suite,
      arch: ARCH,
      profile: "test",
      terminalId: "T-0001",
      wakeWaitMs: 300,
      ...more,
    };
  }
}
