/*
 * Goal: each arrow of docs/architecture.md is a rule; a forbidden import is named by its rule.
 * Method: what a layer may see is written as "nothing except"; tests and contract suites may see more, because they join things.
 * tools/check-architecture.ts runs this file and demands that no source was overlooked.
 */

const TESTS = "\\.test\\.ts$|/testing\\.ts$|/testing/|^device/drivers/contract/|/contract/|\\.contract\\.ts$";
const product = (path) => ({ path, pathNot: TESTS });

/** A layer that sees only itself and what is listed. Packages and Node's modules are governed by the door rules below. */
const seesOnly = (name, comment, path, others) => ({
  name,
  comment,
  severity: "error",
  from: product(path),
  to: { path: "^(device|simulators|tools|provisioning|hw-tests)/", pathNot: [path, ...others] },
});

const BASE = "^device/base/";
const CODEC = "^device/codec/";
const CRYPTO = "^device/crypto/";
const PORTS = "^device/drivers/(ports|peripherals|framing/lines)\\.ts$";
const CARD = "^device/card/";
const TXN = "^device/txn/";
/** The journal's real store: an adapter that lives beside the logic it serves. */
const STORE = "^device/txn/journal/sqlite/";
const HOSTS = "^device/txn/hosts\\.ts$";
const JOURNAL_TYPES = "^device/txn/journal/types\\.ts$";
const ADAPTERS = "^device/drivers/(?!contract/|framing/)[^/]+/";

/** A package or a module of Node, and the only folders that may import it. */
const door = (name, target, folders, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: "^(device|simulators|provisioning|hw-tests)/", pathNot: [...folders, TESTS] },
  to: { path: target },
});

const npm = (name) => `(^|/)node_modules/${name}(/|$)|^${name}$`;
const builtin = (...names) => `^(node:)?(${names.join("|")})(/|$)`;

module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Modules that need each other are one module, or a third one is missing.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphan",
      comment: "Nobody needs it, it needs nobody: dead, or not yet joined.",
      severity: "error",
      from: { orphan: true, pathNot: ["\\.d\\.m?ts$", "\\.test\\.ts$", "^[^/]+$", "\\.mjs$"] },
      to: {},
    },
    {
      name: "no-unresolved",
      comment: "An import that does not resolve hides arrows from this checker.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "base-imports-nothing",
      comment: "The words of the house stand alone.",
      severity: "error",
      from: product(BASE),
      to: { pathNot: BASE },
    },
    seesOnly("codec-is-pure", "Bytes and their meaning need nothing but the words of the house.", CODEC, [BASE]),
    {
      name: "codec-touches-no-machine",
      comment: "Pure means that no file, socket, clock or process is near. Inflating is a pure function.",
      severity: "error",
      from: product(CODEC),
      to: { dependencyTypes: ["core"], pathNot: builtin("zlib", "buffer") },
    },
    seesOnly("crypto-stands-on-base", "Primitives know neither cards nor messages.", CRYPTO, [BASE, CODEC]),
    seesOnly("ports-stand-low", "What we need from hardware is said in words that lie below it.", PORTS, [BASE, CODEC, CRYPTO]),
    seesOnly("card-knows-only-ports", "The card's dialogue is given a channel, never a driver.", CARD, [BASE, CODEC, CRYPTO, PORTS]),
    {
      name: "txn-knows-no-driver",
      comment: "Flows see ports; main.ts hands them the adapters.",
      severity: "error",
      from: product(TXN),
      to: { path: "^device/drivers/", pathNot: PORTS },
    },
    {
      name: "txn-knows-no-sync",
      comment: "Flows state what they need from hosts in txn/hosts.ts; sync implements it.",
      severity: "error",
      from: product(TXN),
      to: { path: "^device/(sync|api|health|config)/|^device/(main|terminal|terminal-opening|cli)\\.ts$" },
    },
    {
      name: "places-know-no-door",
      comment: "Lanes, shop and counter are joined from flows and ports; who asks them, and how records leave, is not their matter.",
      severity: "error",
      from: product("^device/(bank|gate|services|shop)/|^device/(permission|sale-lane)\\.ts$"),
      to: { path: "^device/(sync|api|commands|config|health)/|^device/(main|terminal|terminal-opening|cli)\\.ts$" },
    },
    seesOnly("sync-sees-hosts-and-records", "Sync carries records; it never sees a machine.", "^device/sync/", [BASE, CODEC, CRYPTO, HOSTS, JOURNAL_TYPES]),
    seesOnly("client-stands-alone", "The client package is taken away and used elsewhere: it needs nothing of ours.", "^device/api/client/", []),
    seesOnly("claim-stands-low", "Who becomes a terminal is decided from messages and files; commands hand in the machine.", "^provisioning/claim/", [
      BASE,
      CODEC,
      CRYPTO,
      PORTS,
    ]),
    seesOnly("driver-knows-no-business", "An adapter turns a device into a port and knows nothing of what it is for.", ADAPTERS, [
      BASE,
      CODEC,
      "^device/drivers/",
    ]),
    {
      name: "drivers-are-strangers",
      comment: "Each adapter family can be removed without the others noticing. One is another's pad on other lines, and says so in its adapter.ts.",
      severity: "error",
      from: { path: "^device/drivers/(?!contract/|framing/)([^/]+)/", pathNot: [TESTS, "^device/drivers/pad-02h-hid/(adapter|probe)\\.ts$"] },
      to: { path: "^device/drivers/(?!contract/|framing/)([^/]+)/", pathNot: "^device/drivers/$1/" },
    },
    {
      name: "only-main-joins-adapters",
      comment: "main.ts (with the registry, the command line and its commands) is the only place where ports meet adapters; terminal.ts imports none.",
      severity: "error",
      from: {
        path: "^device/",
        pathNot: [
          "^device/(main|cli)\\.ts$",
          "^device/commands/",
          "^device/drivers/",
          "^device/system/",
          "^device/sync/(mqtt|gateway|acquirer)/",
          STORE,
          TESTS,
        ],
      },
      to: { path: [ADAPTERS, "^device/system/", "^device/sync/(mqtt|gateway|acquirer)/", STORE] },
    },
    {
      name: "system-adapts-base-ports",
      comment: "Real clock, randomness, files and processes are adapters of base ports.",
      severity: "error",
      from: product("^device/system/"),
      to: { path: "^(device|simulators)/", pathNot: ["^device/system/", BASE] },
    },
    {
      name: "device-knows-no-simulator",
      comment: "The shipped bundle leaves the simulators out.",
      severity: "error",
      from: product("^device/"),
      to: { path: "^(simulators|tools|hw-tests)/" },
    },
    {
      name: "simulator-judges-alone",
      comment: "The other side is written apart, so that one bug cannot hide on both sides. Only the world and the joining commands see terminals.",
      severity: "error",
      from: { path: "^simulators/", pathNot: ["^simulators/(world|rounds|terminal|demo|conformance|commands)/", "^simulators/[^/]+\\.ts$", TESTS] },
      to: { path: "^device/", pathNot: [BASE, CODEC, CRYPTO, PORTS, "^device/drivers/contract/", HOSTS, JOURNAL_TYPES] },
    },
    door("only-one-door-to-native", [npm("pcsclite")], ["^device/drivers/pcsc/"], "Native calls can hang for ever: one folder guards against it."),
    door("only-one-door-to-serial", [npm("serialport")], ["^device/drivers/serial/"], "One folder owns serial ports."),
    door("only-one-door-to-hid", [npm("node-hid")], ["^device/drivers/hid/"], "One folder owns HID devices."),
    door(
      "only-one-door-to-mqtt",
      [npm("mqtt")],
      ["^device/sync/mqtt/", "^simulators/(host|broker)/", "^hw-tests/benches/everything-searched\\.ts$"],
      "The transport stays replaceable.",
    ),
    door("only-one-door-to-aedes", [npm("aedes"), npm("@aedes")], ["^simulators/(broker|host)/"], "The embedded broker is a simulator's part."),
    door("only-one-door-to-sm-crypto", [npm("sm-crypto")], ["^device/crypto/"], "The second provider is wrapped strictly in one place."),
    door("only-one-door-to-lowdb", [npm("lowdb")], ["^device/config/"], "Configuration alone; the journal has a store that keeps promises."),
    door("only-one-door-to-pino", [npm("pino")], ["^device/health/"], "The log has one form, and one place that keeps secrets out of it."),
    door("only-one-door-to-fflate", [npm("fflate")], [CODEC, "^simulators/host/"], "Packing files is a codec's matter, on either side."),
    door("only-one-door-to-iconv", [npm("iconv-lite")], [CODEC], "Text encodings are a codec's matter."),
    door("only-one-door-to-fastify", [npm("fastify"), npm("@fastify")], ["^device/api/http/"], "The local API's server; what it serves is ours."),
    door(
      "only-one-door-to-sqlite",
      builtin("sqlite"),
      ["^device/txn/journal/", "^simulators/host/", "^simulators/disk/earlier-journal"],
      "The journal's store, the host's ledger, and journals as earlier releases left them.",
    ),
    door(
      "only-one-door-to-crypto",
      builtin("crypto"),
      // A bench compares trees of files by their hashes.
      [CRYPTO, "^device/system/", "^simulators/host/", "^hw-tests/benches/container/"],
      "Primitives come through the face, randomness through its port.",
    ),
    door(
      "only-adapters-touch-the-machine",
      builtin("fs", "net", "tls", "http", "https", "dgram", "dns", "child_process", "worker_threads", "os", "timers"),
      [
        "^device/(system|drivers/(?!ports|framing)[^/]+|sync/mqtt|txn/journal|config)/",
        "^device/sync/(gateway|acquirer)/wire\\.ts$",
        "^device/sync/site-files\\.ts$",
        // The local API's own port, its certificate and its connections.
        "^device/api/http/(server|route|stream|guard)\\.ts$",
        // The door for programs written for a reader's library.
        "^device/api/reader-library/server\\.ts$",
        // Sealing takes milliseconds of computing: its worker is an adapter that stands beside the work.
        "^device/sync/batch/(seal-worker|worker-sealer)\\.ts$",
        // So do lists of millions.
        "^device/txn/lists/(list-worker|threads)\\.ts$",
        "^device/(main|cli)\\.ts$",
        "^device/commands/",
        "^simulators/(reader|line|hid|host|broker|disk|demo|rounds|terminal|commands)/",
        "^simulators/[^/]+\\.ts$",
        "^(hw-tests|provisioning)/",
      ],
      "Time, disk, network and processes come in by ports.",
    ),
    {
      name: "no-dev-dependency-in-product",
      comment: "What ships must not need what only builds and tests it.",
      severity: "error",
      from: { path: "^(device|simulators)/", pathNot: TESTS },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "node_modules/@types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|build|\\.cache)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};
