/*
 * Goal: one part of the mutation run takes minutes, and anyone can repeat it by its name.
 * Method: each part names the files whose mutants are made and the tests that must notice them.
 */

/** `mutate`: files that are changed. `tests`: the tests that judge; only fast ones, since each mutant runs them again. `least`: the score that is asked for. */
export const PARTS = {
  "quick-payment": {
    mutate: ["device/txn/quick-payment/machine.ts", "device/txn/quick-payment/rules.ts"],
    tests: ["device/txn/quick-payment/machine*.test.ts"],
    least: 100,
  },
  medical: {
    mutate: [
      "device/txn/medical-purchase/machine.ts",
      "device/txn/medical-purchase/rules.ts",
      "device/txn/medical-purchase/resolver-machine.ts",
      "device/txn/journal/transitions.ts",
    ],
    tests: ["device/txn/medical-purchase/{machine,resolver-machine,rules}*.test.ts", "device/txn/journal/transitions.test.ts"],
    least: 100,
  },
  "electronic-cash": {
    mutate: ["device/card/electronic-cash/{machine,rules}.ts"],
    tests: ["device/card/electronic-cash/{machine,machine-steps,contact-judgement}.test.ts"],
    least: 100,
  },
  recovery: { mutate: ["device/txn/recovery/recover.ts"], tests: ["device/txn/recovery/*.test.ts"], least: 100 },
  outbox: { mutate: ["device/sync/outbox/machine.ts"], tests: ["device/sync/outbox/machine*.test.ts"], least: 100 },
  "codec-card": {
    mutate: ["device/codec/{apdu,apdu-exchange,tlv,bcd,text}.ts"],
    tests: ["device/codec/{apdu,apdu-exchange,tlv,bcd,text}*.test.ts"],
    least: 90,
  },
  "codec-bank": {
    mutate: ["device/codec/{dol,afl,bit-names,card-log,holder-verification,issuer-application-data,track2,transaction-qualifiers}.ts"],
    tests: ["device/codec/{dol,afl,card-results,bank-data}.test.ts"],
    least: 90,
  },
  "codec-json": {
    mutate: ["device/codec/{json,fsi}.ts"],
    tests: ["device/codec/{json,fsi}*.test.ts"],
    least: 90,
  },
  "codec-time": { mutate: ["device/codec/civil-time.ts"], tests: ["device/codec/civil-time*.test.ts"], least: 90 },
  "codec-upload": {
    mutate: ["device/codec/{frames,upload,upload-fields}.ts"],
    tests: ["device/codec/{frames,upload}*.test.ts"],
    least: 90,
  },
  crypto: {
    mutate: ["device/crypto/{openssl,sm2-format,checks,block-cipher}.ts"],
    tests: ["device/crypto/{checks,providers,sm2-format,suite,vectors}*.test.ts"],
    least: 90,
  },
  "card-medical": {
    mutate: ["device/card/medical-purse/{answers,benefit-year,prove-sale}.ts"],
    tests: ["device/card/medical-purse/{answers,benefit-year,prove-sale}.test.ts"],
    least: 90,
  },
  "card-purse": {
    mutate: ["device/card/purse/{answers,load-answers,grey-answers,balance,log}.ts", "device/card/transit/records.ts"],
    tests: ["device/card/purse/{answers,balance,load,grey-lock,purse}.test.ts", "device/card/transit/records.test.ts"],
    least: 90,
  },
  "card-evidence": {
    mutate: ["device/card/purse/{prove-sale,prove-load,prove-grey}.ts", "device/card/transit/prove-compound.ts"],
    tests: ["device/card/purse/{answers,balance,load,grey-lock,purse,simulated}.test.ts", "device/card/transit/{prove-compound,simulated}.test.ts"],
    least: 90,
  },
  "cash-evidence": {
    mutate: ["device/card/electronic-cash/prove-transaction.ts"],
    tests: ["device/card/electronic-cash/{prove-transaction,dialogue,tap}.test.ts"],
    least: 90,
  },
  "codec-vendor": { mutate: ["device/codec/read-card-bas.ts"], tests: ["device/codec/read-card-bas.test.ts"], least: 90 },
  "card-keys": { mutate: ["device/card/keys/{block-mac,purse,social}.ts"], tests: ["device/card/keys/*.test.ts"], least: 90 },
  bank: {
    mutate: ["device/txn/acquiring/{machine,rules}.ts"],
    tests: ["device/txn/acquiring/machine.test.ts"],
    least: 100,
  },
  "bank-load": { mutate: ["device/txn/acquiring/load-machine.ts"], tests: ["device/txn/acquiring/load-machine.test.ts"], least: 100 },
  "bank-settlement": { mutate: ["device/txn/acquiring/settle-machine.ts"], tests: ["device/txn/acquiring/settle-machine.test.ts"], least: 100 },
  contribution: { mutate: ["device/txn/contributions/machine.ts"], tests: ["device/txn/contributions/machine.test.ts"], least: 100 },
  "codec-iso8583": {
    mutate: ["device/codec/iso8583/{build,chip-data,fields,frame,parse,private-fields}.ts"],
    tests: ["device/codec/iso8583/{chip-data,iso8583,private-fields}.test.ts"],
    least: 90,
  },
  "bank-replies": {
    mutate: ["device/txn/acquirer-host/{replies,response-codes}.ts"],
    tests: ["device/txn/acquirer-host/replies.test.ts"],
    least: 90,
  },
  batch: { mutate: ["device/sync/batch/{plan,seal}.ts"], tests: ["device/sync/batch/{batch,plan,seal}.test.ts"], least: 90 },
};
