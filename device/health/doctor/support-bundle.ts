/*
 * Goal: everything that the maker needs to understand a sick terminal, and nothing that may not leave it.
 * Method: a fixed list of parts, each without secrets by its own making; then every text is combed once more, because logs of other programs
 * are not ours: long runs of digits and of hexadecimal become stars.
 */
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { withoutSecrets } from "../../config/secrets.ts";
import type { Diagnosis } from "./doctor.ts";
import type { ConfigFact } from "./facts.ts";
import type { DoctorMachine, DoctorPlaces } from "./machine.ts";

export interface BundleFile {
  readonly name: string;
  readonly contents: Bytes;
}

const LOG_LINES = "3000";
const FILE_BYTES = 512 * 1024;
/** Card, account and person numbers have at least so many digits in a row; times in milliseconds have thirteen, and are worth keeping. */
const NUMBERS = /\d{8,}[\dXx]?/g;
const TIME = /^1[5-9]\d{11}$/;
/** Keys, tokens and check values; versions of this software are shorter. */
const HEXADECIMAL = /\b[0-9a-fA-F]{16,}\b/g;
const STARS = "****";

const COMMANDS: readonly (readonly [file: string, program: string, args: readonly string[]])[] = [
  [
    "log.txt",
    "journalctl",
    ["-u", "yikatong", "-u", "yikatong-claim", "-u", "yikatong-update", "-u", "pcscd", "-n", LOG_LINES, "--no-pager", "-o", "short-iso"],
  ],
  ["units.txt", "systemctl", ["--no-pager", "--full", "status", "yikatong", "yikatong-claim", "pcscd.socket"]],
  ["kernel.txt", "dmesg", ["--level", "err,warn"]],
  ["usb.txt", "lsusb", []],
  ["disks.txt", "df", ["-h"]],
  ["packages.txt", "dpkg-query", ["-W", "pcscd", "libccid", "libpcsclite1", "systemd", "udev", "ca-certificates"]],
];

export interface BundleParts {
  readonly machine: DoctorMachine;
  readonly places: DoctorPlaces;
  readonly config: ConfigFact;
  readonly diagnosis: Diagnosis;
}

export async function supportBundle({ machine, places, config, diagnosis }: BundleParts): Promise<readonly BundleFile[]> {
  const outputs = await Promise.all(
    COMMANDS.map(async ([file, program, args]) => {
      const answer = await machine.run(program, args);
      return { name: file, contents: combed(answer?.text ?? `${program}: no answer\n`) };
    }),
  );
  return [
    { name: "doctor.json", contents: json(diagnosis) },
    { name: "config.json", contents: json(config.is === "ready" ? withoutSecrets(config.config) : config) },
    await file(machine, "status.json", `${places.run}/status.json`),
    await file(machine, "manifest.json", `${places.programs}/current/manifest.json`, (text) => text),
    await file(machine, "os-release", "/etc/os-release"),
    ...outputs,
  ];
}

async function file(machine: DoctorMachine, name: string, path: string, comb = combedText): Promise<BundleFile> {
  const bytes = await machine.read(path, FILE_BYTES);
  return { name, contents: utf8(typeof bytes === "string" ? `${path}: ${bytes}\n` : comb(new TextDecoder().decode(bytes))) };
}

function json(value: unknown): Bytes {
  return utf8(`${combedText(JSON.stringify(value, undefined, 2))}\n`);
}

function combed(text: string): Bytes {
  return utf8(combedText(text));
}

/** Exported for its tests: what looks like a number of a person, a card or a key is not in the result. */
export function combedText(text: string): string {
  return text.replace(HEXADECIMAL, STARS).replace(NUMBERS, (digits) => (TIME.test(digits) ? digits : STARS));
}
