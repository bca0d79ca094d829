/**
 * Questions that the card specifications leave open, each a named switch. The kernel and the simulators read the same names;
 * neither guesses. Values are chosen per region in the terminal's configuration.
 */
export interface CardProfile {
  // The card as a whole.
  /** Radio type of third-generation cards. */
  readonly contactlessType: "auto" | "A" | "B";
  /** Whether the 13 historical bytes are the last ones of the ATS too, or are known over contacts only. */
  readonly contactlessHistorical: "atsLast13" | "contactOnly";
  /** Whether a flag in the issuer's file (category item, second character "1") must be set before the card may be used by radio. */
  readonly contactlessActivation: "none" | "fileFlag";
  /**
   * Whether the card has the certificate application: without it identity rests on internal authentication alone. "on": a region relies on it, and
   * nobody knows its bytes, so that such cards are refused. "assumed": it is spoken as this project lays it down, unconfirmed; a card without the file
   * is believed by its internal authentication.
   */
  readonly acse: "off" | "on" | "assumed";

  // The social application.
  /** Algorithm when tag 86 is missing from the card's FCI; "byRegion" asks {@link algorithmByRegion}, and takes DES for a region not in it. */
  readonly algWhenTagAbsent: "des" | "ssf33" | "byRegion";
  /** Algorithm of the cards of a region (first two, four or six digits; the longest match counts), for `algWhenTagAbsent: "byRegion"`. */
  readonly algorithmByRegion: Readonly<Record<string, "des" | "ssf33" | "sm4">>;
  /** Meaning of an empty version item (EF05 tag 03). */
  readonly emptyVersion: "1.0" | "reject";
  /** How the city factor is made of the region digits; "region4" fills the last two digits with zeros. */
  readonly cityFactorTemplate: "region6+7378" | "region4";
  /** Addresses of keys in the host's security module, by the key's name. */
  readonly hsmKeyAddress: Readonly<Record<string, string>>;
  /** Order of the fields that a vendor library's iReadCardBas gives. */
  readonly readCardBasOrder: "standard" | "numberFirst";

  // The medical purse.
  /** Type byte in the medical MACs and in P2 of GET TRANSACTION PROOF: a character (31, 32) or a number (01, 02). */
  readonly medicalTypeByte: "ascii" | "binary";
  /** Balance that enters the load TAC. */
  readonly medicalLoadTacBalance: "after" | "before";
  /** Size of a log record in DF04/08. "fromRecord": 28 bytes are full, 20 bytes are account only. */
  readonly medicalLogMode: "fromRecord" | "full28" | "accountOnly20";

  // The security module.
  /** Status word for a wrong MAC2 at CREDIT SAM (simulator); the terminal treats both as a refusal. */
  readonly psamCreditError: "9302" | "63CF";
  /** Levels of diversification that the PSAM's keys need, tried in this order. */
  readonly psamLevels: "auto321" | "3" | "2" | "1";
  /** How a PSAM proves a key that was ordered: not at all, or by what a session of it with factors of zeros makes of zeros. */
  readonly psamKeyCheck: "off" | "zeroFactors";
  /** Algorithm byte of SM4 in PSAM key records. */
  readonly psamAlgByteSm4: number;

  // The PBOC purse.
  /** Reduction of an SM4 MAC of the PBOC purse to 4 bytes. */
  readonly macReduce: "left4" | "fold4";
  /** Padding of the session-key input of the SM4 PBOC purse to 16 bytes. */
  readonly sessionPad: "zeros" | "pad80";
  /** Child key of the SM4 PBOC purse: E_K(f ‖ ~f), or with zeros in the place of ~f. */
  readonly sm4Diversify: "fNotF" | "fZeros";
  /** Sequence that the card writes into its log and expects in GET TRANSACTION PROVE (simulator): before or after the increment. */
  readonly logSeqMode: "pre" | "post";
  /** Sequences that the terminal tries in GET TRANSACTION PROVE, in order; for the medical purse too. */
  readonly proveSeqOrder: readonly ("log1" | "seq" | "seq+1")[];
  /** The 9-byte authentication code after the MAC1 input of a compound purchase. "byApplication": the housing ministry's card has it, T-Union has not. */
  readonly cappAuthSuffix: "byApplication" | "none" | "mohurd9";
  /** Length of GREY LOCK's data and of GREY UNLOCK's answer: as the fields add up (13, 8), or as the manual prints them (0B, 4). */
  readonly greyLockLc: "sum" | "manual";

  /**
   * Whose card a purse is on: the one whose social application answers on the same chip, or nobody's. No text says that a purse's own files name the
   * social card, and on cards with two chips the purse's chip may have no social application, which the chip then says itself.
   */
  readonly purseSocialCard: "same-chip" | "unknown";

  // Transit.
  /** Applications tried at a gate, in order; hexadecimal AIDs. */
  readonly transitAidOrder: readonly string[];
  /** How the balance is read: purse minus overdraft, one combined read, or the purse alone. */
  readonly transitBalance: "5C0002-5C0102" | "5C0302" | "5C0002";
  /** Algorithm of the transit account. */
  readonly transitAlg: "3des" | "sm4";
  /** Form of the TAC key of the transit account. "byAlgorithm": halves joined by XOR with 3DES, as it is with SM4. */
  readonly transitTacKey: "byAlgorithm" | "xorHalves" | "direct";
  /** Which purse a transit purchase uses: the e-purse (P2 02) or the e-passbook (P2 01). */
  readonly transitPurse: "EP" | "ED";
  /**
   * How a journey stands in the 46 content bytes of the housing ministry's rail record: as T-Union's trip record without its last item, the
   * longest time, or with the right 6 bytes of the acquirer, so that the time has room.
   */
  readonly housingTripLayout: "withoutMaximumTime" | "shortAcquirer";

  // Electronic cash.
  /** Class byte of PUT DATA. */
  readonly putDataCla: "04" | "84";
  /** Padding of the application cryptogram's input. */
  readonly acPadding: "pad80" | "zeros";
  /** Algorithm byte in the issuer application data: the card's own, or one fixed value. */
  readonly acAlgByte: "fromCard" | "01" | "04";
  /** Value of DF60 that asks for a segment fare. */
  readonly df60Segment: "01" | "04";
  /** Where the 48 bytes of a trip stand in an industry record: behind its identifier, or behind identifier, length and flag. */
  readonly cashTripRecord: "behindIdentifier" | "behindLengthAndFlag";
  /** Key of an industry record of electronic cash: the same on all cards, or made of a root for each account, as the bank's own keys are. */
  readonly cashRecordKey: "shared" | "account";
  /**
   * Which records before the last one are read in a tap: the whole list of the card, or only those that the terminal does not hold yet, from this
   * presentation or, under the same account number, from an earlier one.
   */
  readonly cashRecords: "all" | "unread";
  /** Time that one contactless electronic-cash tap may take in the field, in milliseconds. */
  readonly qpbocBudgetMs: number;
}

/** The reading of the specifications that we hold the most likely one; a region that differs names what differs in its configuration. */
export const DEFAULT_CARD_PROFILE: CardProfile = {
  contactlessType: "auto",
  contactlessHistorical: "atsLast13",
  contactlessActivation: "none",
  acse: "off",
  algWhenTagAbsent: "des",
  algorithmByRegion: {},
  emptyVersion: "1.0",
  cityFactorTemplate: "region6+7378",
  hsmKeyAddress: { puk: "0090", "stk-ssse": "0173", dpk: "017F" },
  readCardBasOrder: "standard",
  medicalTypeByte: "ascii",
  medicalLoadTacBalance: "after",
  medicalLogMode: "fromRecord",
  psamCreditError: "9302",
  psamLevels: "auto321",
  psamKeyCheck: "off",
  psamAlgByteSm4: 0x03,
  macReduce: "left4",
  sessionPad: "zeros",
  sm4Diversify: "fNotF",
  logSeqMode: "post",
  proveSeqOrder: ["log1", "seq", "seq+1"],
  cappAuthSuffix: "byApplication",
  greyLockLc: "sum",
  purseSocialCard: "same-chip",
  transitAidOrder: ["a000000632010105", "a000000632010106", "a00000000386980701"],
  transitBalance: "5C0002-5C0102",
  transitAlg: "3des",
  transitTacKey: "byAlgorithm",
  transitPurse: "EP",
  housingTripLayout: "withoutMaximumTime",
  putDataCla: "04",
  acPadding: "pad80",
  acAlgByte: "fromCard",
  df60Segment: "01",
  cashTripRecord: "behindIdentifier",
  cashRecordKey: "shared",
  cashRecords: "all",
  qpbocBudgetMs: 500,
};
