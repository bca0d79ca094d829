/* One of each slip, for tests of what stands on paper. */
import { fen } from "../../base/fen.ts";
import type { ReceiptData, ReceiptItem, ReceiptSplit } from "./types.ts";

/** 2026-01-05 12:00:00 in China. */
const NOON_MS = Date.UTC(2026, 0, 5, 4);

export const HOLDER = { name: "王小明", cardNumber: "530102199001010011", personNumber: "53010000000000000009" };

const HEAD = { institution: "昆明测试大药房", terminal: "T-0001", operator: "op1", atMs: NOON_MS };
const ORDER = { ...HEAD, orderNumber: "2026-0001", invoiceNumber: "I0001", holder: HOLDER };

const ITEMS: readonly ReceiptItem[] = [
  { name: "阿莫西林胶囊0.25g×24粒", nationalCode: "XTEST0000000000000A1", quantity: "2", unitPrice: "28.50", amount: fen(5700) },
  { name: "复方丹参滴丸", nationalCode: "XTEST0000000000000B1", quantity: "1", unitPrice: "68.00", amount: fen(6800) },
  { name: "维生素C", quantity: "1", unitPrice: "39.90", amount: fen(3990) },
];

/** The worked example. */
const SPLIT: ReceiptSplit = {
  total: fen(16_490),
  fund: fen(5892),
  pooledFund: fen(5892),
  otherFunds: fen(0),
  account: fen(6608),
  mutualAid: fen(0),
  cash: fen(3990),
  outsideCatalogue: fen(3990),
  overLimit: fen(0),
  firstSelfPay: fen(680),
  withinScope: fen(11_820),
  deductible: fen(2000),
  balance: fen(3392),
};

const PAID = [{ tender: "cash" as const, amount: fen(3990), received: fen(5000) }];
const ADVANCED = [
  { tender: "e-purse" as const, amount: fen(10_000) },
  { tender: "cash" as const, amount: fen(6490) },
];

export const SALE: Extract<ReceiptData, { readonly slip: "sale" }> = {
  ...ORDER,
  slip: "sale",
  items: ITEMS,
  settlementId: "S202601050001",
  visitId: "V202601050001",
  visit: "pharmacy",
  medicalType: "41",
  insuranceType: "310",
  split: SPLIT,
  tenders: PAID,
};

export const OFFLINE: Extract<ReceiptData, { readonly slip: "offline" }> = {
  ...ORDER,
  slip: "offline",
  items: ITEMS,
  total: fen(16_490),
  estimate: SPLIT,
  tenders: ADVANCED,
  choice: "settle-later",
};

export const REIMBURSEMENT: ReceiptData = { ...ORDER, slip: "reimbursement", items: ITEMS, total: fen(16_490), tenders: ADVANCED };

export const RECONCILIATION: Extract<ReceiptData, { readonly slip: "reconciliation" }> = {
  ...HEAD,
  slip: "reconciliation",
  from: "2026-01-05",
  to: "2026-01-05",
  groups: [
    { insuranceType: "310", clearingType: "11", count: 12, total: fen(171_239_20), fund: fen(100_000_00), account: fen(50_000_00), agrees: true },
    { insuranceType: "390", clearingType: "11", count: 3, total: fen(6100), fund: fen(3000), account: fen(1000), agrees: false },
  ],
  onlyHere: 1,
  onlyThere: 0,
  differing: 0,
};

const PURSE_SALE = { ...HEAD, saleNumber: "Q-1", purse: "e-purse", amount: fen(450), holder: { cardNumber: HOLDER.cardNumber } } as const;

export const SHOP_SLIPS = {
  sale: { ...PURSE_SALE, slip: "purse-sale", balanceAfter: fen(9550) },
  refund: { ...PURSE_SALE, slip: "purse-refund", refundNumber: "R-1", amount: fen(150), left: fen(300) },
  shift: {
    ...HEAD,
    slip: "shift",
    shift: 7,
    taken: [
      { what: "cash-tender", count: 2, sum: fen(9000) },
      { what: "e-purse", count: 12, sum: fen(123_450) },
    ],
    given: [{ what: "cash-refund", count: 1, sum: fen(9150) }],
    drawerFen: -150,
    open: { count: 1, sum: fen(450) },
  },
} as const satisfies Readonly<Record<string, ReceiptData>>;

const CONTRIBUTION = {
  ...HEAD,
  slip: "contribution",
  saleNumber: "C-1",
  billId: "B1-2026",
  insurance: "resident-medical",
  period: "2026",
  amount: fen(40_000),
  holder: HOLDER,
  retrievalReference: "123456789012",
} as const;

export const CONTRIBUTION_SLIPS = {
  paid: { ...CONTRIBUTION, stands: "paid", receiptNumber: "R000000000001" },
  returned: { ...CONTRIBUTION, stands: "returned" },
  open: { ...CONTRIBUTION, stands: "open", insurance: "flood" },
} as const satisfies Readonly<Record<string, ReceiptData>>;

export const SLIPS: readonly ReceiptData[] = [
  SALE,
  OFFLINE,
  { ...OFFLINE, choice: "reimbursement-slip" },
  REIMBURSEMENT,
  { ...ORDER, slip: "settled-later", settlementId: "S2", split: SPLIT, paid: fen(16_490), refundDue: fen(12_500), refundPaid: false },
  { ...ORDER, slip: "void", settlementId: "S1", split: SPLIT, total: fen(16_490), refunds: [{ tender: "cash", amount: fen(3990) }] },
  { ...ORDER, slip: "return", total: fen(16_490), refunds: [{ tender: "cash", amount: fen(16_490) }] },
  { ...ORDER, slip: "unknown", total: fen(16_490), what: "settlement" },
  { ...ORDER, slip: "unknown", total: fen(16_490), what: "void" },
  { ...ORDER, slip: "unknown", total: fen(16_490), what: "tender", tender: "e-purse" },
  RECONCILIATION,
  ...Object.values(SHOP_SLIPS),
  ...Object.values(CONTRIBUTION_SLIPS),
];
