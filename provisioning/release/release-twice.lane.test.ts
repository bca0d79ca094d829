/*
 * Goal: whoever builds a published commit again gets the published bundle, byte for byte, wherever the sources lie.
 * Method: what is compiled here is gathered and packed twice, in folders, with an order of files, modes and times that differ, and no file may name the folder in
 * which it was made. At full size: the commit cloned into two folders of different depth, each with its own packages, binding and compilation.
 */
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { gatherRelease } from "../../tools/bundle/gather.ts";
import { packBundle } from "../../tools/bundle/pack.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../../tools/bundle/test-key.ts";
import { runProgram } from "../../tools/processes.ts";
import type { ReleaseManifest } from "./manifest.ts";
import { signatureLine } from "./signed.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FULL = process.env["YIKATONG_SIZE"] === "full";
const ARCH = process.arch === "arm64" ? "arm64" : "x64";
const PACK_LIMIT_MS = 150_000;
const BUILD_LIMIT_MS = 1_200_000;
const suite = openCipherSuite();
const key = { name: TEST_KEY_NAME, key: testReleaseKey(suite) };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ykt-twice-"));
});
afterAll(() => {
  // Two clones with all their packages take a while.
  rmSync(folder, { recursive: true, force: true });
}, PACK_LIMIT_MS);

function filesBelow(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}

async function pack(
  gathered: string,
  out: string,
  sign: (manifest: Uint8Array) => string,
): Promise<{ readonly path: string; readonly manifest: ReleaseManifest }> {
  const about = { version: "0.0.1", arch: ARCH, node: "24.21.0", builtMs: 1_790_000_000_000, journalSchema: 2, journalSchemasWritten: [0, 1, 2] } as const;
  return packBundle({ folder: gathered, about: { ...about, emergency: false }, sign, out: join(folder, out), suite });
}

/** The files of a bundle with their digests, one a line. */
async function listOf(bundle: string): Promise<readonly string[]> {
  const ended = await runProgram("tar", ["-xOf", bundle, "manifest.json"], { limitMs: PACK_LIMIT_MS });
  const { files } = JSON.parse(ended.stdout) as ReleaseManifest;
  return files.map(({ path, size, sm3 }) => `${path} ${size} ${sm3}`);
}

describe("a bundle made twice", () => {
  it(
    "is the same bytes, whatever its files' times, modes and order on the disk were",
    async () => {
      const [one, two] = [join(folder, "one"), join(folder, "two/deeper")];
      await gatherRelease({ root: ROOT, folder: one, arch: ARCH, version: "0.0.1" });
      for (const path of [...filesBelow(one)].reverse()) {
        const to = join(two, path.slice(one.length));
        cpSync(path, to);
        utimesSync(to, 1_000, 1_000);
        // Whoever builds may have another mask.
        chmodSync(to, path.endsWith("bin/yikatong") || path.endsWith("bin/node") ? 0o700 : 0o600);
      }
      const first = await pack(one, "out-1", (bytes) => signatureLine(bytes, key, suite));
      const published = (await runProgram("tar", ["-xOf", first.path, "manifest.sig"], { limitMs: PACK_LIMIT_MS })).stdout;
      const second = await pack(two, "out-2", () => published);
      expect(second.manifest).toEqual(first.manifest);
      expect(readFileSync(second.path).equals(readFileSync(first.path))).toBe(true);
    },
    PACK_LIMIT_MS,
  );

  it("names nowhere the folder in which it was made", () => {
    const naming = filesBelow(join(folder, "one")).filter((path) => readFileSync(path).includes(ROOT));
    expect(naming.map((path) => path.slice(folder.length))).toEqual([]);
  });

  // Ten minutes and the network are no part of every run, and nothing was left out where they are not asked for.
  const wholeBuilds = FULL ? ["each with packages, binding and compilation of its own"] : [];
  it.each(wholeBuilds)(
    "is the same bytes from two clones in two folders, %s",
    async () => {
      const bundles: string[] = [];
      const keyFile = join(folder, "test.key");
      for (const at of ["clone", "deeper/and/longer/clone"]) {
        const clone = join(folder, at);
        const built = await runProgram(
          "sh",
          [
            "-ec",
            'git clone -q "$1" "$2"; cd "$2"; [ -f "$3" ] || npm run -s release-key -- --test --out "$3"; npm run -s bundle -- --arch "$4" --key "$3" --out "$2/out"',
            ...["sh", ROOT, clone, keyFile, ARCH],
          ],
          { limitMs: BUILD_LIMIT_MS },
        );
        expect([built.code, built.code === 0 ? "" : built.stderr.slice(-2_000)]).toEqual([0, ""]);
        bundles.push(String((JSON.parse(built.stdout.trim().split("\n").at(-1) ?? "{}") as { readonly path: string }).path));
      }
      const [first = "", second = ""] = bundles;
      expect(await listOf(second)).toEqual(await listOf(first));
      // The signature alone draws a random number.
      const payload = async (bundle: string) =>
        (await runProgram("sh", ["-c", 'tar -xOf "$1" payload.tar.gz | sha256sum', "sh", bundle], { limitMs: PACK_LIMIT_MS })).stdout;
      expect(await payload(second)).toBe(await payload(first));
      const manifest = async (bundle: string) => (await runProgram("tar", ["-xOf", bundle, "manifest.json"], { limitMs: PACK_LIMIT_MS })).stdout;
      expect(await manifest(second)).toBe(await manifest(first));
    },
    2 * BUILD_LIMIT_MS,
  );
});
