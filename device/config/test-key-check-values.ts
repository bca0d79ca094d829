/* Values of six hexadecimal digits, many to a line, because nobody reads them one by one. */

/** Roots and PIN key of the simulators. */
const SIMULATORS = ["8f3471 5f2f48 13bcec bebf21 87c40c 20c717 f96d44 1ed57b 781c01 5269ba"];

/** Private keys of the examples of GM/T 0003; the habitual 00010203…. */
const EXAMPLES = ["a7c7fe f65c16 1444e8"];

/** 16 and 32 bytes of one value, 00 to ff. */
const REPEATED_BYTES = [
  "106e34 e0bab8 ad87d4 f21506 d6d7e6 ab9ebe 53ec92 d329c6 07986b 991d0b 2d93d6 75f279 c217ce 06fd3d 2f48d0 48c190 0c6d83 90e818 8e0518 6eee88",
  "330109 97bf64 ebfb93 030a9d 8d3bb2 f78ba4 345b8b 640551 9c03a4 5959ea 0c6646 0d59ac 02dc05 38fd84 fe2959 70fbe6 54ef66 e2809b be5b0a 5c15f4",
  "00217a db21df 662c33 ae9938 92d012 3a5512 47feb8 46097d 99e367 4bc09d bf6427 0a5665 c00d93 8ecd49 c237e3 b2cbee f1512d e39d6e e07372 25fd78",
  "dd5b5e 6cc071 e3a59b eda93f 1e7e2c bd8286 43cfa9 46796b 307f7d 83a4f0 d13bf5 f3e858 a374e7 ec565d 708894 2844f3 2f7972 77685a 6707fa 6e52c3",
  "e03d60 a80265 eb2fcf 416ec9 0befef 4456d0 995de8 e9842c bf4ef0 ed5eb4 2ca097 d62499 b8f517 16a213 d208c2 d13b79 9a71f9 557d74 e54085 0576f7",
  "7f3ecd ea0a96 9e5da8 2f7f29 c3fb0c 965896 c52181 119549 3715ac 236ab6 b55066 29be95 988ba8 75f09a c6744c fae668 5e7430 f441b0 651e37 07d5ee",
  "37b856 839752 8b0e74 018f5a bf79ab 7eeebc ac5a2d d46fa4 ae3518 23df2e 65c0d2 57c16b b040ed f02139 55daf3 7617f1 a66af2 e56904 d3e50a 0cc0c6",
  "962b86 6cacde 6077a4 58f5b0 c5e1c4 cfb9f1 5968b1 a17ff4 1deab6 94293f 296d9c bf495f 7e175a dfcc5f e597ec 2852c4 14006f 2fd287 cba707 2ae84d",
  "1703f7 f0846a 538c7a 978770 9353a5 e3bf1e 9feec1 950a9d 087b83 e16c43 8d0cad 9b4e8c 36ed4c 6d486c 187db0 4deba8 a5918d 6ade51 3651ab 418569",
  "d72ab6 ac060a af356c 777b03 cd7cc3 c153bf cdc9e6 73b23a 65ee01 8dc89a 87fa8d e647d1 3b84b4 9f32ea 697e18 a871dd 96e6af 09839f 3ba261 8d3e77",
  "097cc2 ee4c84 b28372 282ff4 09c8a5 181a24 2e096a 43c86f 54396f 4fdf6a 5504d1 2ab1e0 5b16c9 24c9ce 8223d0 ed3fc4 92debc 78bfda 5cb0fe 0db193",
  "c8205b 60bc8f b33f35 ad22d5 d7cb29 1386dc 964f1e 279386 b4afc0 44fec7 5eafb8 c21372 071737 d481d2 032924 d32e3c 7c48b7 61cc96 c2e855 0067dc",
  "51b1aa 5cd651 54e1f8 2b49f6 4ef628 0fe70a 871c1c 7059cf f57c80 ad235d fc69ce f12ee0 b5354f 3013d2 ba2f0b df8fba d99f99 e4e8f7 8d743f 82d3fd",
  "55c725 7f5275 01ee8c de5339 2ae275 081fbd 02c458 315da6 745458 8f0497 8d5c61 3dc174 b7c4f8 ee5f56 478255 aee3d8 650dca bd3d5a 84dc36 487dc0",
  "f9e8f2 bf2473 8d8efa cfd3e9 3ea009 23c413 955d0d 2adadc 2e346f fff8b6 011e1c 024167 e35840 015350 aa3cca 829f76 dd03f7 2f9f6b 350798 fb8460",
  "862055 c21fc8 3640b9 617491 6aa981 a77964 19f4d7 f1c500 214354 7248e6 783667 0fac4b ebe038 7cd9bb cee183 440b20 7ab191 f47a66 1d3a99 8f29c5",
  "050c82 a8c3f8 33e5f9 c961be 67fcbf 0e0349 59e352 b57ea1 46d7d4 a4fcd7 f759f4 370e3a 04adc1 d31225 87aa3c 875738 0bfbe8 8c9172 9d85b4 e91ade",
  "4a54df eee231 9a6f6a 21d885 651e10 e789a4 bc858c 4ea099 166b4f 2e748e 4cf9d2 9c20ed 7816f1 0e3ad5 cb6344 46f9ae 0145b7 564b35 867422 8b04e0",
  "282f84 ffcff6 844948 9eca02 ec5590 a4383f 780f60 ef9572 fb16f6 c06508 5fef38 a55dcd a17916 de7ae0 21e8bb aefed6 6ad8f1 3fba9c 6f3221 c7b332",
  "f05dcb 06ed23 fbcad5 302a8d 88c0ba 75fd60 f9aa3f 64e0d3 4bb6e8 0cc390 98564a 5663a0 cb975e 7f6851 e77034 cebfac 488442 b16e79 9568e5 e98e62",
  "9f9812 fdd53a cd60ee e25964 81a682 778364 4b94de f49253 7815f7 0b3d1a b70019 63d7e7 345d12 d45b83 4eb3a1 5388c3 958b45 9d24cf 6450c7 28904e",
  "37b2ee 1748a9 f39239 e2b1a8 8bfe3a 84129f 64fd19 853668 38a256 74d69a c5089b 463b14 68c896 6800ab c38db0 0ba894 6dee85 bb09fb 81019c e8ff02",
  "909ff1 ceca50 0a90c4 507111 3086a6 21ba8a 499173 786315 d224a9 c4e896 47df95 97b840 3452bc b5866d e092d5 1e6640 b31287 1a679a 7ae751 704ffc",
  "a0e781 fc5a25 fb1d79 3eff1b 570c9f acaf5c 0cea76 666678 7cc1b2 8d44c4 52c53f 65bf1f e86efa ceb273 2ec433 c0727d e55e25 fa1c9b aadd5a fd6573",
  "866191 467bf3 7bc120 7199c4 1df8c9 6fa426 178344 bdbba5 ac4ddd 8c76d7 d3e446 6d66de 8a5791 f2133d 9b2edd c1444b 946fa2 e8f55a c4928a 5a4a24",
  "acf0a8 18ad28 5a3bdf 945c02 451710 bd2b75 95f2ee 85e4db 3c81f7 f43f92 bc58e3 19181d",
];

/** Public keys of the private keys above. */
const PUBLIC_KEYS = [
  "3d92be 60ec35 527b79 d516f4 dd2ff8 7ab836 75d51d afdd6b 9d092f fbc03d 889923 12fedd b035b2 78e157 eb23de f05d44 d44e01 94a42f 15577e b9bc63",
  "7810f1 996537 7ae75e 01e2a9 00c6e6 9ced2a 7f19c7 f57a13 403e30 e9005e 133cbf c2359c 8e285a 00b0c0 05acd7 7a0752 3a38fc 434450 112814 82b4ce",
  "3bdc90 b613ee aa6e97 3b759e 20a549 7c343d 09b34b 76c743 b516c6 3aa546 321ff3 ebddeb 7aad30 facf4d bbe6ff 0e3bd9 892f5a 2031b2 c76e20 8aa7d1",
  "5fdd5c b60e6a 393800 8d55a2 40b085 500b26 2b16ba d99937 424cae 111faa 96d112 e7633c a1ba80 76c308 b6ea62 31a030 8b14f4 b40ee6 a8df4e 92e030",
  "4f3840 e41282 9a898f 56f469 ba006d dce644 920969 7ac362 dfbae1 882472 3071a1 fbc4cd 16fa05 512053 b84bc5 7fc9a8 3d1e6c acd12a da3860 423629",
  "dcd984 0b4682 e497cf bf1a11 ecc16e ae0cb4 64d805 497414 5e0f0c 5f6618 6dcaff cdea8c 1b51bc f6a3c0 f77824 e2412d 592258 1daa0d b8460f ab2fda",
  "08889a c65aee 87e8a0 e41ee0 f61da0 393348 cd60de 36e808 354322 92835d bc2810 116018 fc9763 ea14ad 0cb658 08e790 e5c057 f848d9 52010d 2949aa",
  "a0d6a8 6eaab1 17e5fa 9fa5bb 5ba21c 04896d d7428a 0dfaaa 5843ca aa26a8 f45913 3d12cd 5aa0fa 1c9d9e 8b4a53 493166 3789f0 28229a 948c2e 1e9835",
  "5a47f7 cdca0f 75399f 7f91ef 9f094b e1d900 5501dc 74a832 398ba8 3edd34 09511e f9e8b8 d129bb d10595 a24b7b 6e8800 5b1b39 4e20b5 1d84a7 6296ca",
  "1d9802 78ee69 d76c9d 30cba6 5f79e6 a9a9ba b56e13 971515 3e7e08 5bf9ac 7a1e2c 034bb0 86cf79 d94af4 45b79b 95a2f2 53c66a 370f2b 71767d 3f8b2b",
  "52aa5b 59cbcb ab79aa 592b83 3473d4 41acf2 48f67a 701fda 9858c1 3afd59 965a1c 95f927 4052dc 843a63 d63485 d8e5fb f1bd15 a4fc82 f7a10f fea2a4",
  "dabb3b d929bc 485d1a 58760c 32cb1c dd8eaf 635dc8 d1bc75 393e3a 332610 9bf054 5bbd8b 5439b8 5454ed 4bbf6f 56c07d 86d80e 6f5dd2 ad09c0 835b8b",
  "408119 fe697d c4f98f f583c4 7f0f1a b8280a 795bdb 1f6046 30ca5d 8967e0 28fee2 131e04 6d62de 457302 64307f c7be9b",
];

/**
 * Check values of keys that are published for tests: the roots and the PIN key of simulators/crypto/test-keys.ts, the example values
 * of the algorithms' own standards, and keys of one repeated byte. A test compares this list with the simulators' keys.
 */
export const TEST_KEY_CHECK_VALUES: ReadonlySet<string> = new Set(
  [...SIMULATORS, ...EXAMPLES, ...REPEATED_BYTES, ...PUBLIC_KEYS].flatMap((row) => row.split(" ")),
);

/**
 * Checks of the authorities' public keys in simulators/crypto (certificates.ts, social-certificates.ts), as a configuration carries them. Whoever has their published
 * private keys can make cards that a terminal with one of these believes.
 */
export const TEST_AUTHORITY_CHECK_VALUES: ReadonlySet<string> = new Set([
  "364969ef28bed69992d60dad837c9cb09465df7e52d7396e7620daeb928396cf",
  "7490d10e6fcac26da932f310ef6d7a25cce0f555",
  "0c750e021a07fadcaa4c28142c26defe66b91b0e394618b930e82ef9cee9ef3e",
]);

/** Published and habitual master keys of PIN pads: first three bytes of zeros under 3DES, then of the same keys under SM4. */
export const TEST_MASTER_CHECK_VALUES: ReadonlySet<string> = new Set([
  ...["08d7b4", "d5d44f", "82e136", "8ca64d", "caaaaf", "40826a", "8baf47", "74d669", "00962b", "d2b91c"],
  ...["2677f4", "808708", "f8d068", "9f1f7b", "e28f2c", "622538", "8eb0e2", "f41ad3", "ad9358", "1ea7d5", "82f1b9", "e81ac0", "394edd", "1f6748"],
]);

/** Keys of the simulators' modules at every level, by what a session of them with factors of zeros makes of zeros. */
export const TEST_MODULE_CHECK_VALUES: ReadonlySet<string> = new Set(
  [
    "ca6411 5c6e5c 2e3743 172573 6f6fec 3d0bad 740734 2b640d b9ea3f addfb6 f2b2e6 f881b7 41e35d 4db921 1f4c77 b29528 684675 de71f0 78c01d 566dd6",
    "9ece34 731c68 75b75f 435a84 293f47 cdc3ba f4a253 49c4d9 853293 b3ba5f 8266c7 ded4ca da09b4 3b9370 890105 4dd547 da8065 b17ebd 10ef07 53681e",
    "9760d5 11b246 d610df e1a86d a7d975 5780f6 4a48d1 b1989e 1decdf 3cb262 c0817b e4a478 14a21e 6df623 60e13a 3a6bf0 138699 f47fd5 d60e1c 73d858",
    "d81cd7 969ad1 352cf9 0cd2a2 f6545c 565bc0 8519a5 e8d602 d4bd72 1ba210 4b0706 5ed8d7 ea6e2e 39f3f0 5e1905 920e74 0855e5 12c4e6",
  ].flatMap((row) => row.split(" ")),
);
