/*
 * Goal: a blank machine takes the bundle that its maker has signed, and no other: not a stranger's, not one with a changed bit anywhere.
 * Method: the install script on a blank Debian root, with small bundles that are damaged and signed in every way. There is no runtime of ours on
 * such a machine: the system's own openssl judges.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCipherSuite } from "../device/crypto/suite.ts";
import { TestMachine } from "../provisioning/release/testing.ts";
import { publicKeyLine } from "../tools/bundle/key-file.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../tools/bundle/test-key.ts";
import { runProgram } from "../tools/processes.ts";
import { containerObstacle, PROJECT, Roots } from "./benches/container/base.ts";
import { runInRoot } from "./benches/container/machine.ts";
import { TreeReader, treeDifference } from "./benches/container/tree.ts";

const obstacle = containerObstacle();
const SCRIPT = join(PROJECT, "provisioning/install/install.sh");
const INSTALL_LIMIT_MS = 180_000;
const SEED = 20_261_122;
const FLIPS = 24;
const KEYS = "etc/yikatong/release-keys";
const DAMAGED = 6;

describe.skipIf(obstacle !== undefined)(`who may sign the first bundle${obstacle === undefined ? "" : ` (left out: ${obstacle})`}`, () => {
  const suite = openCipherSuite();
  const maker = testReleaseKey(suite);
  const stranger = suite.sm2PrivateKey(suite.sm3(new TextEncoder().encode("a stranger")));
  const makers = `# who signs our releases\n\n${publicKeyLine({ name: TEST_KEY_NAME, key: maker })}\n`;
  const trees = new TreeReader();
  let roots: Roots;
  let packages = "";
  let bench: TestMachine;
  let bundle = "";
  let keys = "";

  beforeAll(async () => {
    roots = await Roots.open();
    bench = new TestMachine(suite);
    bundle = (await bench.bundle("0.1.0")).path;
    keys = join(roots.folder, "makers");
    writeFileSync(keys, makers);
    const root = await roots.over(roots.blank);
    const ended = await runInRoot(
      { root, readOnlyBinds: { [join(PROJECT, "provisioning")]: "/mnt/provisioning" } },
      ["/mnt/provisioning/install/install.sh", "--packages-only"],
      INSTALL_LIMIT_MS,
    );
    expect([ended.code, ended.stderr.slice(-500)]).toEqual([0, expect.anything()]);
    packages = await roots.layer(root);
  }, 480_000);

  afterAll(async () => {
    bench?.remove();
    await roots?.close();
  }, 60_000);

  const install = (root: string, ...args: readonly string[]) => runProgram("sh", [SCRIPT, "--root", root, "--offline", ...args], { limitMs: INSTALL_LIMIT_MS });

  async function onBlank(work: (root: string) => Promise<void>): Promise<void> {
    const root = await roots.over(packages, roots.blank);
    await work(root);
    await roots.drop(root);
  }

  it("takes what a named key has signed, and knows the key from then on", () =>
    onBlank(async (root) => {
      const first = await install(root, "--bundle", bundle, "--release-keys", keys);
      expect([first.code, first.stderr, first.stdout]).toEqual([0, "", expect.stringContaining(`signed by ${TEST_KEY_NAME}`)]);
      expect(readFileSync(join(root, KEYS), "utf8")).toBe(makers);
      const installed = trees.read(root);
      // The machine's own list is asked now.
      const second = await install(root, "--bundle", bundle);
      expect([second.code, second.stderr]).toEqual([0, ""]);
      expect(treeDifference(installed, trees.read(root))).toEqual([]);
    }));

  it("takes keys that lie beside the bundle only where the machine knows none", () =>
    onBlank(async (root) => {
      const beside = join(bundle, "..", "release-keys");
      writeFileSync(beside, makers);
      const dry = await install(root, "--bundle", bundle, "--dry-run");
      expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining(`signed by ${TEST_KEY_NAME}`)]);
      expect((await install(root, "--bundle", bundle)).code).toBe(0);
      writeFileSync(join(root, KEYS), `${publicKeyLine({ name: TEST_KEY_NAME, key: stranger })}\n`);
      const other = await install(root, "--bundle", bundle);
      expect([other.code, other.stderr]).toEqual([DAMAGED, expect.stringContaining("its signature is not that of")]);
      rmSync(beside);
    }));

  it("refuses what nobody known has signed, in words, and leaves nothing of it on the machine", () =>
    onBlank(async (root) => {
      await install(root);
      const before = trees.read(root);
      const strange = (await bench.bundle("0.2.0", {}, stranger)).path;
      const others = join(roots.folder, "others");
      writeFileSync(others, `${publicKeyLine({ name: "somebody-else", key: maker })}\n`);
      const broken = join(roots.folder, "broken");
      writeFileSync(broken, `${makers}test2 = 12\n`);
      const noPoint = join(roots.folder, "no-point");
      writeFileSync(noPoint, `${TEST_KEY_NAME} = ${"ab".repeat(64)}\n`);
      const cases: readonly (readonly [args: readonly string[], words: string])[] = [
        [["--bundle", bundle], "nobody says who may sign this bundle"],
        [["--bundle", strange, "--release-keys", keys], "its signature is not that of test"],
        [["--bundle", bundle, "--release-keys", others], "it is signed by test, whom"],
        [["--bundle", bundle, "--release-keys", broken], "is not: name = 128 hexadecimal digits"],
        [["--bundle", bundle, "--release-keys", noPoint], "is no key"],
        [["--bundle", keys, "--release-keys", keys], "is no bundle"],
      ];
      for (const [args, words] of cases) {
        const ended = await install(root, ...args);
        expect([ended.code, ended.stderr], args.join(" ")).toEqual([DAMAGED, expect.stringContaining(words)]);
      }
      expect((await install(root, "--bundle", bundle, "--release-keys", keys, "--unsigned-bundle")).code).toBe(2);
      expect(treeDifference(before, trees.read(root))).toEqual([]);
      const onBench = await install(root, "--bundle", strange, "--unsigned-bundle");
      expect([onBench.code, onBench.stderr]).toEqual([0, expect.stringContaining("this is for a bench")]);
    }));

  it(
    `refuses it with one bit changed, at ${FLIPS} places and at each part of it`,
    () =>
      onBlank(async (root) => {
        await install(root, "--release-keys", keys);
        const before = trees.read(root);
        const whole = readFileSync(bundle);
        const damaged = join(roots.folder, "damaged.bundle");
        const manifest = Number.parseInt(whole.toString("latin1", 124, 135), 8);
        const second = 512 + Math.ceil(manifest / 512) * 512;
        // Name, size, check sum and end of a block; the text between members; the signature; the payload; the end of the bundle.
        const named = [0, 124, 148, 155, 500, 512 + manifest, second + 3, second + 512 + 9, second + 512 + 200, second + 1024 + 600, whole.length - 1];
        let state = SEED;
        const drawn = Array.from({ length: FLIPS }, () => {
          state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
          return state % whole.length;
        });
        for (const at of [...named, ...drawn]) {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
          writeFileSync(damaged, bytes);
          const ended = await install(root, "--bundle", damaged);
          expect([ended.code, ended.stderr.split("\n").length], `bit ${at % 8} of byte ${at}`).toEqual([DAMAGED, 2]);
        }
        writeFileSync(damaged, whole.subarray(0, whole.length - 1024));
        expect((await install(root, "--bundle", damaged)).code).toBe(DAMAGED);
        writeFileSync(damaged, Buffer.concat([whole, Buffer.from("more")]));
        expect((await install(root, "--bundle", damaged)).code).toBe(DAMAGED);
        expect(treeDifference(before, trees.read(root))).toEqual([]);
        expect((await install(root, "--bundle", bundle)).code).toBe(0);
      }),
    240_000,
  );
});
