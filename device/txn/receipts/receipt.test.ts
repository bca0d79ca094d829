import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { fen } from "../../base/fen.ts";
import { limits } from "../../drivers/contract/bench.ts";
import { printerBench } from "../../drivers/printer-escpos/testing.ts";
import { slipText } from "./plain-text.ts";
import { receiptSlip } from "./receipt.ts";
import { CONTRIBUTION_SLIPS, HOLDER, OFFLINE, RECONCILIATION, REIMBURSEMENT, SALE, SHOP_SLIPS, SLIPS } from "./testing.ts";
import type { ReceiptData, ReceiptItem, SlipStyle } from "./types.ts";

const ORIGINAL = { copy: false };
const PATIENT = limits(30_000);

function textOf(data: ReceiptData, columns = 32, style: SlipStyle = ORIGINAL): string {
  return slipText(receiptSlip(data, style), columns).join("\n");
}

function widthOf(line: string): number {
  return Array.from(line).reduce((width, character) => width + ((character.codePointAt(0) ?? 0) < 0x7f ? 1 : 2), 0);
}

describe("a sale on paper of 32 columns", () => {
  it("says who pays what, in words", () => {
    expect(textOf(SALE)).toBe(
      `
         昆明测试大药房
         医保购药结算单
--------------------------------
终端号                    T-0001
操作员                       op1
时间         2026-01-05 12:00:00
订单号                 2026-0001
发票号                     I0001
持卡人                      王**
社保卡号                ****0011
人员编号                ****0009
结算号             S202601050001
就诊号             V202601050001
医疗类别            定点药店购药
险种            职工基本医疗保险
--------------------------------
阿莫西林胶囊0.25g×24粒
  28.50×2                 57.00
复方丹参滴丸
  68.00×1                 68.00
维生素C
  39.90×1                 39.90
--------------------------------
费用构成
费用总额                  164.90
统筹基金支付               58.92
个人账户支付               66.08
个人自付（现金等）         39.90
其中：
  全自费                   39.90
  先行自付                  6.80
  符合政策范围            118.20
  起付线                   20.00
个人账户余额               33.92
--------------------------------
现金支付                   39.90
  实收                     50.00
  找零                     10.10
--------------------------------
请核对后妥善保管本单。
金额单位：元

`.slice(1),
    );
  });

  it("prints only what is known", () => {
    const bare = { total: fen(100), fund: fen(30), account: fen(20), mutualAid: fen(10), cash: fen(40) };
    const { visitId: _visit, insuranceType: _type, invoiceNumber: _invoice, holder: _holder, ...rest } = SALE;
    const lines = textOf({ ...rest, visit: "outpatient", medicalType: "11", split: bare, tenders: [] }).split("\n");
    expect(lines.map((line) => line.trim())).toEqual(
      expect.arrayContaining(["医保门诊结算单", "医疗类别                普通门诊", "医保基金支付合计            0.30", "家庭共济支付                0.10"]),
    );
    expect(lines.join("")).not.toMatch(/就诊号|险种|发票号|持卡人|其中|余额|支付方式|undefined/);
  });

  it("names other funds where there are any, and codes without a word as they stand", () => {
    const data = { ...SALE, insuranceType: "777", medicalType: "888", split: { ...SALE.split, otherFunds: fen(101) } };
    expect(textOf(data)).toMatch(/其他基金支付 +1\.01\n/);
    expect(textOf(data)).toMatch(/医疗类别 +888\n险种 +777\n/);
  });

  it.each([
    ["pharmacy", "9929", "医保购药结算单", "药店慢特病购药"],
    ["pharmacy", "9901", "医保购药结算单", "门诊两病"],
    ["outpatient", "9901", "医保门诊结算单", "门诊两病"],
  ] as const)("at a visit of kind %s is titled by it, also for %s", (visit, medicalType, title, type) => {
    const text = textOf({ ...SALE, visit, medicalType });
    expect(text.split("\n")[1]?.trim()).toBe(title);
    expect(text).toMatch(new RegExp(`医疗类别 +${type}\n`));
  });

  it("gives no change where less was handed over than is due, or nothing is said of it", () => {
    expect(textOf({ ...SALE, tenders: [{ tender: "cash", amount: fen(100), received: fen(99) }] })).not.toContain("找零");
    expect(textOf({ ...SALE, tenders: [{ tender: "electronic-cash", amount: fen(100) }] })).not.toContain("实收");
    expect(textOf({ ...SALE, tenders: [{ tender: "cash", amount: fen(100), received: fen(100) }] })).toMatch(/找零 +0\.00/);
  });
});

describe("a sale without the insurer", () => {
  it("is called provisional at its head and at its figures, and never looks settled", () => {
    const text = textOf(OFFLINE);
    expect(text.match(/暂估，非最终结算/g)).toHaveLength(2);
    expect(text).toContain("持卡人已全额垫付：\n电子钱包支付              100.00\n现金支付                   64.90\n");
    expect(text).toContain("统筹等基金（暂估）         58.92\n个人账户（暂估）           66.08\n个人负担（暂估）           39.90\n");
    expect(text).toContain("联网后由本店补办医保结算；\n应退差额凭本单领取；\n不得再申请零星报销。\n");
    for (const slip of SLIPS.filter((data) => data.slip === "offline" || data.slip === "reimbursement")) {
      for (const style of [ORIGINAL, { copy: true }]) expect(textOf(slip, 48, style)).not.toMatch(/基金(?:已)?支付|已结算|结算号|结算单/);
    }
  });

  it("whose figures nobody could work out says so", () => {
    const { estimate: _, ...rest } = OFFLINE;
    expect(textOf(rest)).toContain("本次未能暂估医保待遇。");
  });

  it("that is reimbursed is not settled later as well, and the other way round", () => {
    expect(textOf({ ...OFFLINE, choice: "reimbursement-slip" })).toContain("本店不再补办结算。");
    expect(textOf(OFFLINE)).toContain("不得再申请零星报销。");
    expect(textOf(REIMBURSEMENT)).toMatch(/国家编码 {2}XTEST0000000000000A1\n[\s\S]*本笔费用未经医保结算。[\s\S]*经办人签字：\n\n持卡人签字：/);
  });

  it.each([
    [fen(12_500), false, /应退金额 +125\.00\n差额待退，请凭本单到本店领取。/],
    [fen(12_500), true, /应退金额 +125\.00\n已退金额 +125\.00\n差额已退还持卡人。/],
    [fen(0), true, /购药时已付 +164\.90\n无应退差额。/],
  ])("settled later, %i fen due, given back: %s", (refundDue, refundPaid, words) => {
    const { items: _items, visitId: _visit, medicalType: _type, tenders: _tenders, insuranceType: _insurance, ...order } = SALE;
    expect(textOf({ ...order, slip: "settled-later", paid: fen(16_490), refundDue, refundPaid })).toMatch(words);
  });
});

describe("other slips", () => {
  it.each([
    ["settlement", "医保结算结果未知。", ["1. 交付药品；", "2. 重新结算或另开订单；", "3. 收取费用。"]],
    ["void", "医保撤销结果未知。", ["1. 退还现金或其他款项；", "2. 再次撤销或重新结算。"]],
    ["tender", "支付结果未知（电子钱包）", ["1. 改用其他方式再次收款；", "2. 撤销医保结算；", "3. 交付药品。"]],
  ])("of an unknown %s forbid what could go wrong", (what, state, mayNot) => {
    const data = SLIPS.find((slip) => slip.slip === "unknown" && slip.what === what);
    const lines =
      data === undefined
        ? []
        : textOf(data)
            .split("\n")
            .map((line) => line.trim());
    const from = lines.indexOf(state);
    expect(lines.slice(from + 1, from + 2 + mayNot.length)).toEqual(["请勿", ...mayNot]);
    expect(lines.at(from + 2 + mayNot.length)).toBe("可以");
  });

  it("of a void and a return say what went back, and to whom", () => {
    const [taken, back] = SLIPS.filter((data) => data.slip === "void" || data.slip === "return").map((data) => textOf(data));
    expect(taken).toMatch(/原结算号 +S1\n-+\n撤销总额 +164\.90\n退回医保基金 +58\.92\n退回个人账户 +66\.08\n退回现金 +39\.90\n-+\n原医保结算已撤销。/);
    expect(back).toMatch(/退货总额 +164\.90\n退回现金 +164\.90\n-+\n本单无医保结算。/);
  });

  it("of a reconciliation end with one word", () => {
    const data = RECONCILIATION;
    expect(textOf(data)).toMatch(
      /费用总额 +171239\.20\n[\s\S]*结果 +一致\n[\s\S]*结果 +不一致\n-+\n仅本店有 +1笔\n仅医保有 +0笔\n金额不符 +0笔\n存在差异，请查看明细。/,
    );
    const sound = { ...data, onlyHere: 0, groups: data.groups.slice(0, 1) };
    expect(textOf(sound)).toContain("全部一致。");
    for (const [onlyThere, differing] of [
      [1, 0],
      [0, 1],
    ] as const)
      expect(textOf({ ...sound, onlyThere, differing })).toContain("存在差异");
    const many = textOf({ ...data, groups: Array.from({ length: 35 }, () => data.groups).flat() });
    expect(many).toMatch(/其余分组 +10\n/);
  });
});

describe("a shop's slips", () => {
  it("tell a sale with its purse, its number, and the card as far as its holder needs it", () => {
    expect(textOf(SHOP_SLIPS.sale)).toBe(
      `
         昆明测试大药房
            消费凭条
--------------------------------
终端号                    T-0001
操作员                       op1
时间         2026-01-05 12:00:00
交易号                       Q-1
支付方式                电子钱包
卡号                    ****0011
--------------------------------
              4.50
消费金额                    4.50
卡内余额                   95.50
--------------------------------
请核对后妥善保管本单。
金额单位：元

`.slice(1),
    );
    const { balanceAfter: _balance, holder: _holder, ...bare } = SHOP_SLIPS.sale;
    expect(textOf(bare)).not.toMatch(/余额|卡号|undefined/);
  });

  it("tell price, discount and rule beside what was paid, and a deposit as one", () => {
    const text = textOf({ ...SHOP_SLIPS.sale, discount: { fullAmount: fen(500), discount: fen(50), rule: "九折" } });
    expect(text).toMatch(/\n {14}4\.50\n原价 +5\.00\n优惠金额 +0\.50\n优惠规则 +九折\n消费金额 +4\.50\n/);
    expect(textOf({ ...SHOP_SLIPS.sale, deposit: true })).toMatch(/押金凭条[\s\S]*\n押金 +4\.50\n[\s\S]*凭本单一次退还全部押金。/);
    expect(textOf(SHOP_SLIPS.sale)).not.toMatch(/原价|优惠|押金/);
  });

  it("tell what goes back, and what is left of the sale", () => {
    expect(textOf(SHOP_SLIPS.refund)).toMatch(/退款凭条[\s\S]*交易号 +Q-1[\s\S]*退款单号 +R-1[\s\S]*退还现金 +1\.50\n剩余可退 +3\.00\n[\s\S]*卡内余额不变。/);
  });

  it("tell a shift by kind, with the drawer in either direction and what is not decided", () => {
    const text = textOf(SHOP_SLIPS.shift);
    expect(text).toMatch(/班次 +7\n-+\n收款\n现金 2笔 +90\.00\n电子钱包 12笔 +1234\.50\n-+\n退款\n退还现金 1笔 +91\.50\n-+\n现金应增减 +-1\.50\n/);
    expect(text).toMatch(/待确认交易 +1笔\n {2}金额 +4\.50\n/);
    const quiet = textOf({ ...SHOP_SLIPS.shift, taken: [], given: [], drawerFen: 150, open: { count: 0, sum: fen(0) } });
    expect(quiet).toMatch(/收款 +无\n-+\n退款 +无\n-+\n现金应增减 +1\.50\n待确认交易 +0笔\n-+\n金额单位/);
  });
});

describe("a bill of the agency on paper", () => {
  it("says that it is paid, for whom, and by which numbers", () => {
    expect(textOf(CONTRIBUTION_SLIPS.paid)).toMatch(
      /社保缴费凭证[\s\S]*缴费单号 +C-1\n账单号 +B1-2026\n险种 +城乡居民医疗保险\n费款所属期 +2026\n缴费人 +王\*\*\n社保卡号 +\*{4}0011[\s\S]*缴费金额 +400\.00\n收据号 +R000000000001\n银行参考号 +123456789012\n缴费成功。/,
    );
  });

  it("says that the money went back, and never that it was paid", () => {
    const text = textOf(CONTRIBUTION_SLIPS.returned);
    expect(text).toMatch(/社保缴费退款单[\s\S]*退回金额 +400\.00[\s\S]*款项已退回/);
    expect(text).not.toContain("缴费成功");
  });

  it("says that nobody knows yet, and what not to do; a word that is not common stands as it is", () => {
    const text = textOf(CONTRIBUTION_SLIPS.open);
    expect(text).toMatch(/缴费结果待确认[\s\S]*险种 +flood[\s\S]*请勿再次缴费/);
    expect(text).not.toContain("缴费成功");
  });
});

describe("every slip", () => {
  it.each(SLIPS.map((data, index) => [`${index} ${data.slip}`, data] as const))("%s: a copy says so and differs in nothing else", (_name, data) => {
    const [original, copy] = [receiptSlip(data, ORIGINAL), receiptSlip(data, { copy: true })];
    expect(copy.filter((line) => !(line.kind === "text" && line.text === "【副本】"))).toEqual(original);
    expect(copy.length).toBe(original.length + 1);
  });

  it("printed again names who did what it tells, and who printed it beside it", () => {
    expect(textOf(SALE, 32, { copy: true, by: "op3" })).toMatch(/【副本】\n[\s\S]*操作员 +op1\n补打人 +op3\n时间/);
  });

  it.each([32, 48])("stands on paper of %i columns as in plain text", async (columns) => {
    for (const data of SLIPS) {
      const under = printerBench(inProcessStand(), { profile: { columns } });
      const slip = receiptSlip(data, { copy: true });
      expect(await under.run(under.printer.print(slip, PATIENT))).toEqual({ kind: "printed" });
      const visible = (lines: readonly string[]) => lines.map((line) => line.trim()).filter((line) => line !== "" && line !== "[cut]");
      expect(visible(under.lines())).toEqual(visible(slipText(slip, columns)));
      expect(under.lines().join("")).toContain("【副本】");
      expect(under.mistakes()).toEqual([]);
      await under.close();
    }
  });

  it("of a very long basket leaves lines out, counts them and keeps the sum", () => {
    const items: readonly ReceiptItem[] = Array.from({ length: 1000 }, () => ({
      name: "药",
      nationalCode: "X",
      quantity: "1",
      unitPrice: "1.00",
      amount: fen(100),
    }));
    for (const data of [
      { ...SALE, items },
      { ...OFFLINE, items },
      { ...SALE, slip: "reimbursement" as const, total: fen(100_000), items },
    ]) {
      const slip = receiptSlip(data, { copy: true });
      expect(slip.length).toBeLessThanOrEqual(500);
      const [, left, sum] = /其余(\d+)项 +(\S+)/.exec(slipText(slip, 32).join("\n")) ?? [];
      expect(Number(sum)).toBe(Number(left));
      expect(slip.filter((line) => line.kind === "text" && line.text === "药")).toHaveLength(1000 - Number(left));
    }
  });

  const anyText = fc.string({ unit: "grapheme", maxLength: 60 });
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[1-9][0-9]{${length - 1}}$`));
  const anyHolder = fc.record({ name: fc.stringMatching(/^[一-龥]{2,4}$/), cardNumber: digits(18), personNumber: digits(20) });

  it("shows no line wider than its paper, whatever the counter has typed", () => {
    const strange = fc.record({ institution: anyText, operator: anyText, orderNumber: anyText, settlementId: anyText, item: anyText, price: anyText });
    fc.assert(
      fc.property(strange, fc.constantFrom(32, 48), fc.nat({ max: Number.MAX_SAFE_INTEGER }), ({ item, price, ...texts }, columns, total) => {
        const items = [{ name: item, quantity: price, unitPrice: price, amount: fen(total) }];
        const data = { ...SALE, ...texts, items, split: { ...SALE.split, total: fen(total) } };
        for (const line of slipText(receiptSlip(data, { copy: true }), columns)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 500 },
    );
  });

  it("shows nobody's name and numbers in full", () => {
    fc.assert(
      fc.property(anyHolder, fc.constantFrom(...SLIPS), fc.boolean(), (holder, data, copy) => {
        const text = textOf(data.slip === "reconciliation" || data.slip === "shift" ? data : { ...data, holder }, 48, { copy });
        for (const secret of Object.values(holder)) expect(text).not.toContain(secret);
        expect(text).not.toMatch(/\d{17}[\dX]/);
      }),
      { numRuns: 500 },
    );
    // The same search finds a number that stands there.
    expect(HOLDER.cardNumber).toMatch(/\d{17}[\dX]/);
  });
});
