/* For tests: a configuration that is valid. */

/** A made-up terminal; `change` replaces whole members. */
export function exampleConfig(change: Readonly<Record<string, unknown>> = {}) {
  return {
    terminalId: "T-0001",
    institution: { code: "H99010000001", name: "示例药店", areaCode: "990100", serialLane: "1" },
    regionCode: "990100",
    profile: "test",
    limits: { amountPerSaleFen: 100_000, unreceiptedCountMax: 500, unreceiptedSumMaxFen: 5_000_000 },
    readers: { user: { interface: "contactless", nameIncludes: ["PICC"] }, sam: { interface: "sam", nameIncludes: ["SAM"], slot: 1 } },
    link: { url: "mqtts://broker.example:8883", tls: { caFile: "/etc/yikatong/ca.pem", certFile: "/etc/yikatong/cert.pem", keyFile: "/etc/yikatong/key.pem" } },
    sync: { kid: "k1" },
    journal: { folder: "/var/lib/yikatong/journal", limitBytes: 256 * 1024 * 1024 },
    ...change,
  };
}
