/*
 * The functions of the national reader interface, served by a terminal on this machine. Strings are GBK, fields end with '|', 0 is success and
 * negative numbers are errors (docs/reader-library.md). Every pOutInfo must have room for the number of bytes that stands beside its function;
 * no more is ever written, the zero at the end counted.
 *
 * Environment: YIKATONG_READER_SOCKET, path of the terminal's socket; YIKATONG_READER_TIMEOUT_MS, a shorter wait for answers than the usual one.
 * All functions may be called from several threads: they are served one after the other.
 */
#ifndef YIKATONG_READER_H
#define YIKATONG_READER_H

#ifdef __cplusplus
extern "C" {
#endif

#define YIKATONG_READER_DEFAULT_SOCKET "/run/yikatong/reader.sock"

/* Sizes of pOutInfo. */
#define YIKATONG_OUT_SHORT 256
#define YIKATONG_OUT_USUAL 1024
#define YIKATONG_OUT_LONG 4096

/* Numbers that this library gives by itself. */
#define YIKATONG_READER_CONNECTION (-11)
#define YIKATONG_NOT_SUPPORTED (-13)
#define YIKATONG_PARAMETER_WRONG (-14)
#define YIKATONG_BUSY (-9001)
#define YIKATONG_NOT_DECIDED (-9002)
#define YIKATONG_ANSWER_MALFORMED (-9006)

/* Numbers of the terminal beside those of the specification; it gives YIKATONG_BUSY and YIKATONG_NOT_DECIDED too. */
#define YIKATONG_REFUSED_HERE (-9003)
#define YIKATONG_HOST_NEEDED (-9004)
#define YIKATONG_NO_STEP (-9005)
/* Paid so long ago that the record is gone: nothing was done now, and it is not unpaid. */
#define YIKATONG_SPENT (-9007)
#define YIKATONG_FAILED (-9009)

/* Basic data of the card. USUAL */
long iReadCardBas(int iType, char *pOutInfo);
long iReadCardBas_HSM_Step1(int iType, char *pOutInfo);
long iReadCardBas_HSM_Step2(char *pKey, char *pOutInfo);

/* Files of the card. LONG, SHORT */
long iReadCard(int iType, int iAuthType, char *pCardInfo, char *pFileAddr, char *pOutInfo);
long iWriteCard(int iType, char *pCardInfo, char *pFileAddr, char *pWriteData, char *pOutInfo);

/* The PIN of the card, typed at the terminal's keypad. SHORT; the steps with questions USUAL */
long iVerifyPIN(int iType, char *pOutInfo);
long iChangePIN(int iType, char *pOutInfo);
long iReloadPIN(int iType, char *pCardInfo, char *pOutInfo);
long iReloadPIN_HSM_Step1(int iType, char *pCardInfo, char *pOutInfo);
long iReloadPIN_HSM_Step2(char *pKey, char *pOutInfo);
long iReloadPIN_HSM_Step3(char *pKey, char *pOutInfo);
long iUnblockPIN(int iType, char *pCardInfo, char *pOutInfo);
long iUnblockPIN_HSM_Step1(int iType, char *pCardInfo, char *pOutInfo);
long iUnblockPIN_HSM_Step2(char *pKey, char *pOutInfo);

/* The medical account on the card. USUAL, LONG */
long iDoDebit(int iType, char *pCardInfo, char *pPayInfo, char *pOutInfo);
long iReadDebitRecord(int iType, char *pOutInfo);

/* Steps whose fields no text at hand describes: always YIKATONG_NOT_SUPPORTED, so that programs which link them still load. */
long iWriteCard_HSM_Step1(int iType, char *pCardInfo, char *pFileAddr, char *pOutInfo);
long iWriteCard_HSM_Step2(char *pKey, char *pOutInfo);
long iDoDebit_HSM_Step1(int iType, char *pCardInfo, char *pPayInfo, char *pOutInfo);
long iDoDebit_HSM_Step2(char *pKey, char *pOutInfo);

#ifdef __cplusplus
}
#endif

#endif
