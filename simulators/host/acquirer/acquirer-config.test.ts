import { expect, test } from "vitest";
import { readAcquirerConfig } from "./acquirer-config.ts";

const TERMINAL = { terminal: "53010002", merchant: "898530154110002" };
const ACCOUNT = { pan: "6299990000000001", pin: "123456", balanceFen: 100 };

test("whoever says nothing gets the test bank in memory, without a port", () => {
  expect(readAcquirerConfig(undefined)).toEqual({
    ok: true,
    value: { file: ":memory:", port: undefined, contracts: undefined, accounts: undefined, variants: {} },
  });
});

test("terminals and accounts of one's own", () => {
  const read = readAcquirerConfig({ file: "a.db", port: 0, terminals: [{ ...TERMINAL, keyLayout: "triple-19-57", macForm: "x9.19" }], accounts: [ACCOUNT] });
  expect(read).toMatchObject({
    ok: true,
    value: { file: "a.db", port: 0, contracts: [{ ...TERMINAL, keyLayout: "triple-19-57", macForm: "x9.19" }], accounts: [{ ...ACCOUNT, status: "good" }] },
  });
});

test("SM4 keys and MACs go together", () =>
  expect(readAcquirerConfig({ terminals: [{ ...TERMINAL, keyLayout: "sm4", macForm: "sm4" }] })).toMatchObject({ ok: true }));

test.each([
  [5, "not-an-object"],
  [{ files: "x" }, "unknown member files"],
  [{ port: 65_536 }, "port is a number from 0 to 65535"],
  [{ terminals: {} }, "terminals are malformed"],
  [{ terminals: [{ ...TERMINAL, terminal: "1" }] }, "terminals are malformed"],
  [{ terminals: [{ ...TERMINAL, keyLayout: "sm4" }] }, "terminals are malformed"],
  [{ terminals: [{ ...TERMINAL, macForm: "sm4" }] }, "terminals are malformed"],
  [{ terminals: [{ ...TERMINAL, masterKeyHex: "0102" }] }, "terminals are malformed"],
  [{ accounts: [{ ...ACCOUNT, pin: "12" }] }, "accounts are malformed"],
  [{ accounts: [{ ...ACCOUNT, balanceFen: -1 }] }, "accounts are malformed"],
  [{ accounts: [5] }, "accounts are malformed"],
  [{ variants: 5 }, "variants are malformed"],
  [{ variants: { reversesSettled: "yes" } }, "variants are malformed"],
  [{ variants: { settledRefusal: "00" } }, "variants are malformed"],
  [{ variants: { withdrawalCode: "01" } }, "variants are malformed"],
  [{ variants: { toString: true } }, "variants are malformed"],
])("%j is refused", (value, reason) => {
  expect(readAcquirerConfig(value)).toEqual({ ok: false, reason });
});

test("every variant is reached by its name", () => {
  const variants = { pinFreeFen: 0, withdrawalCode: "", unknownReversal: "00", reversesSettled: true, settledRefusal: "25" };
  expect(readAcquirerConfig({ variants })).toMatchObject({ ok: true, value: { variants } });
});
