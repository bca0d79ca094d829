/*
 * PUBLISHED TEST KEYS for the certificates of bank applications. They protect nothing: every byte is in this file. The RSA keys are the same on all
 * test cards, because making new ones takes long; the SM2 key of a card is made from its account number.
 */

/** An RSA key of the tests; the public exponent of all of them is 3. */
export interface TestRsaKey {
  readonly modulusHex: string;
  readonly privateExponentHex: string;
}

/** TEST ONLY. */
export const TEST_RSA_KEYS: { readonly [Name in "authority" | "issuer" | "shortCard" | "longCard"]: TestRsaKey } = {
  /** The certification authority of the tests, 1152 bits. */
  authority: {
    modulusHex:
      "def0817c2dbc19e3c215d84971e63de26de96724ccf397dfea52efe0f21b7650e2227dbee9391b782b7c94cef79df2cb6964d9a2e29efea22f8e27fb92654730" +
      "96e0944afdd8a4fb80eab4c863232e8edef7e22b9da35312098ad3e78e557cea0f2855332f4571db64d815ef9614ce7feab54e172365bb9f74e862b4712a4513" +
      "34efe79ae1527be416ef458d37a4ca2b",
    privateExponentHex:
      "94a05652c92811428163e5864beed3ec494644c3334d0fea9c374a95f6bcf98b416c53d49b7b67a572530ddf4fbea1dcf0ede66c9714a9c175096ffd0c4384cb" +
      "0f4062dca93b18a66c3833490c04e673991660b03884b5f334bac84ab1459708d039f385a067f7a4c4cefedfbe7219a3ff15cd7062baaa183937e1cc67d947ac" +
      "c773eaba26a3b8b21e3b4e437ad482bb",
  },
  /** The issuer of all test cards, 1152 bits. */
  issuer: {
    modulusHex:
      "dc89209162d488b5056b5565e5d215d4c59bafd4b4811de9c295bc055ecfeb78000bce5a089aa72f5d63b522f736cc11bb92679d3bf356c6e884bd105b28314b" +
      "be6043bbaf82eda99801c4428d3003781e9fa8eb5f84c0c15eab9fb72aaafa16222e6c65270f6b04f505dcf1756db0a2bd139e9c50d7571bb937592009b4f8f8" +
      "8af7b6dfe3bb202c95b69a76397b5c75",
    privateExponentHex:
      "930615b641e305ce039ce39943e163e32e67ca8dcdab694681b92803948a9cfaaab289915b11c4ca3e4278c1fa24880bd2619a68d2a239d9f0587e0ae77020dd" +
      "2995827d1fac9e6fd2d8906291f7638308a46f6bb661a505f3f3dce7f1b7bf07b3b5e53f2a00d4b8277469ee147bcbe61d660f7e9a45acf549f9322af533d999" +
      "3daba836dce8442feebf1e7058abf9f3",
  },
  /** Cards whose signatures have 128 bytes. */
  shortCard: {
    modulusHex:
      "ba05c293275b3678b663673e960633df57126be6820ba56ba6031f59c4df49ee6356aec0a37993e963823db1b4a3b7097e1dcbd79d916b845c071000726efae0" +
      "c002892c3f95842bc623606c12fc519933e99df958dc9d7a248fc74adcc3e091ad6846d101315ffbcf7719c913256004612db5ea00dd8efd4f4ac3f809b928bb",
    privateExponentHex:
      "7c03d70cc4e779a5ceecef7f0eaecd3f8f619d4456b26e47c40214e6833f869eece474806cfbb7f0ed017e76786d24b0febe87e513b647ad92af60004c49fc94" +
      "b06643a3cc9b30c2b76a66f94270b58885c5b9a560dd7e5800a4580d90f0e201e4ee830d11ee47c90c3df8234127d77e2f8b5145db628a5ce41c177f7217ca7b",
  },
  /** Cards whose signatures have 144 bytes. */
  longCard: {
    modulusHex:
      "a54dc031b87bdeedf4b87692063fb6ea2294f3a1817f8b70fd5b106497252929e94afae7bdb2869050d7c18f66bda57ef39391cd5f252e622efe3b8a37df6683" +
      "f1a696e12baf40f6174fb6a43150108857e4d07572925ea9ef00667ba2d1cb2bb08dd653690fcbb6e71ce578971fda7a108776815dd74f4cac3483207693a144" +
      "21f55f059db54fbf6b534c21e94a8ce7",
    privateExponentHex:
      "6e33d5767afd3f494dd04f0c042a79f16c634d16565507a0a8e760430f6e1b714631fc9a7e77046035e52bb4ef2918ff4d0d0bde3f6e1eec1f5427b17a94ef02" +
      "a119b9eb7274d5f852970a3f2e558447ec618043eef3ff227ba0787d509c8af9652fc28583dd3198be8b222a77c1f87231f58d68c9b02759cecb55366a047a1f" +
      "fc8771cf4b30c642f9ed7beea376a37b",
  },
};

/** Private scalars of the certification authority and the issuer of the tests. TEST ONLY. */
export const TEST_SM2_SCALARS: { readonly [Name in "authority" | "issuer"]: string } = {
  authority: "1f2e3d4c5b6a79880716253443526170f1e2d3c4b5a69788796a5b4c3d2e1f01",
  issuer: "2a394857667584930a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcd02",
};
