/*
 * Goal: a program written for a reader's library finds the functions it knows, and a terminal behind them.
 * Method: each call is one question and one answer over the terminal's Unix socket, on one connection that the process keeps, because the steps
 * of a function belong to whoever began them. Whatever goes wrong ends as a number, and the connection is made anew by the next call.
 */
#define _POSIX_C_SOURCE 200809L

#include "yikatong-reader.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"

#define EXPORTED __attribute__((visibility("default")))
#define TEXT_MAX 4096
#define CONNECT_MS 2000
#define SEND_MS 2000

/* One question while it is written: the length comes first, so that its place is kept free. */
struct question {
  uint8_t bytes[2 + YIKATONG_FRAME_MAX];
  size_t length;
  int broken;
};

struct function {
  uint8_t code;
  size_t out_room;
  long answer_ms;
  /* The card or the journal may have acted when the answer is lost. */
  int changes;
};

enum { QUESTION_MS = 40000, KEYPAD_MS = 110000, DEBIT_MS = 260000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int connection = -1;
/* A child of a fork has its parent's connection, and must not speak on it. */
static pid_t owner;

static void close_connection(void) {
  if (connection >= 0) close(connection);
  connection = -1;
}

static long long now_ms(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the connection can be read or written. 1: it can; 0: the time is over; -1: it is broken. */
static int wait_for(short what, long long until_ms) {
  for (;;) {
    long long left = until_ms - now_ms();
    if (left <= 0) return 0;
    struct pollfd one = {.fd = connection, .events = what, .revents = 0};
    int ready = poll(&one, 1, left > INT_MAX ? INT_MAX : (int)left);
    if (ready > 0) return 1;
    if (ready < 0 && errno != EINTR) return -1;
  }
}

static const char *socket_path(void) {
  const char *given = getenv("YIKATONG_READER_SOCKET");
  return given != NULL && given[0] != '\0' ? given : YIKATONG_READER_DEFAULT_SOCKET;
}

static int open_connection(void) {
  if (connection >= 0 && owner != getpid()) close_connection();
  if (connection >= 0) {
    /* Nothing is owed to us between calls: whatever can be read now is the end of the connection, or nonsense. */
    struct pollfd one = {.fd = connection, .events = POLLIN, .revents = 0};
    if (poll(&one, 1, 0) == 0) return 0;
    close_connection();
  }
  const char *path = socket_path();
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  if (strlen(path) >= sizeof address.sun_path) return -1;
  memcpy(address.sun_path, path, strlen(path) + 1);
  connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection < 0) return -1;
  owner = getpid();
  long long until_ms = now_ms() + CONNECT_MS;
  /* A Unix socket connects at once, or not before its queue has room again. */
  while (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) {
    if (errno == EISCONN) break;
    if (errno != EAGAIN && errno != EINTR) goto failed;
    if (now_ms() >= until_ms) goto failed;
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 20000000};
    nanosleep(&pause, NULL);
  }
  return 0;
failed:
  close_connection();
  return -1;
}

static int send_all(const uint8_t *bytes, size_t length) {
  long long until_ms = now_ms() + SEND_MS;
  size_t sent = 0;
  while (sent < length) {
    ssize_t more = send(connection, bytes + sent, length - sent, MSG_NOSIGNAL);
    if (more > 0) {
      sent += (size_t)more;
      continue;
    }
    if (more < 0 && errno != EAGAIN && errno != EINTR) return -1;
    if (wait_for(POLLOUT, until_ms) != 1) return -1;
  }
  return 0;
}

static int receive_all(uint8_t *bytes, size_t length, long long until_ms) {
  size_t got = 0;
  while (got < length) {
    if (wait_for(POLLIN, until_ms) != 1) return -1;
    ssize_t more = recv(connection, bytes + got, length - got, 0);
    if (more == 0) return -1;
    if (more < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return -1;
    }
    got += (size_t)more;
  }
  return 0;
}

/* The usual wait, or a shorter one that the environment names. */
static long answer_ms_of(const struct function *function) {
  const char *given = getenv("YIKATONG_READER_TIMEOUT_MS");
  if (given == NULL || given[0] == '\0') return function->answer_ms;
  char *end = NULL;
  long value = strtol(given, &end, 10);
  if (end == NULL || *end != '\0' || value <= 0) return function->answer_ms;
  return value < function->answer_ms ? value : function->answer_ms;
}

static void begin(struct question *question, const struct function *function, uint8_t parameters) {
  question->bytes[2] = YIKATONG_PROTOCOL_VERSION;
  question->bytes[3] = function->code;
  question->bytes[4] = parameters;
  question->length = 5;
  question->broken = 0;
}

static void put(struct question *question, const void *value, size_t length) {
  if (question->broken || length > sizeof question->bytes - question->length - 2) {
    question->broken = 1;
    return;
  }
  question->bytes[question->length] = (uint8_t)(length >> 8);
  question->bytes[question->length + 1] = (uint8_t)length;
  memcpy(question->bytes + question->length + 2, value, length);
  question->length += 2 + length;
}

static void put_number(struct question *question, int number) {
  uint32_t word = (uint32_t)number;
  uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
  put(question, bytes, sizeof bytes);
}

static void put_text(struct question *question, const char *text) {
  if (text == NULL) {
    question->broken = 1;
    return;
  }
  size_t length = strnlen(text, TEXT_MAX + 1);
  if (length > TEXT_MAX) question->broken = 1;
  else put(question, text, length);
}

/* One question and its answer, alone on the connection. */
static long ask_alone(const struct function *function, struct question *question, char *out) {
  static uint8_t answer[YIKATONG_FRAME_MAX];
  uint8_t head[2];
  if (open_connection() != 0) return YIKATONG_READER_CONNECTION;
  size_t length = question->length - 2;
  question->bytes[0] = (uint8_t)(length >> 8);
  question->bytes[1] = (uint8_t)length;
  if (send_all(question->bytes, question->length) != 0) {
    /* A question that did not go out whole is none for the terminal. */
    close_connection();
    return YIKATONG_READER_CONNECTION;
  }
  long lost = function->changes ? YIKATONG_NOT_DECIDED : YIKATONG_READER_CONNECTION;
  long long until_ms = now_ms() + answer_ms_of(function);
  if (receive_all(head, sizeof head, until_ms) != 0) {
    close_connection();
    return lost;
  }
  size_t wanted = ((size_t)head[0] << 8) | head[1];
  if (wanted == 0 || wanted > sizeof answer || receive_all(answer, wanted, until_ms) != 0) {
    close_connection();
    return lost;
  }
  long result = yikatong_take_answer(answer, wanted, function->code, out, function->out_room);
  memset(answer, 0, sizeof answer);
  if (result == YIKATONG_ANSWER_MALFORMED) close_connection();
  return result;
}

static long ask(const struct function *function, struct question *question, char *out) {
  if (out == NULL) return YIKATONG_PARAMETER_WRONG;
  out[0] = '\0';
  if (question->broken) return YIKATONG_PARAMETER_WRONG;
  struct timespec until;
  if (clock_gettime(CLOCK_REALTIME, &until) != 0) return YIKATONG_BUSY;
  until.tv_sec += answer_ms_of(function) / 1000 + 1;
  if (pthread_mutex_timedlock(&lock, &until) != 0) return YIKATONG_BUSY;
  long result = ask_alone(function, question, out);
  pthread_mutex_unlock(&lock);
  return result;
}

static long by_type(const struct function *function, int type, char *out) {
  struct question question;
  begin(&question, function, 1);
  put_number(&question, type);
  return ask(function, &question, out);
}

static long by_key(const struct function *function, const char *key, char *out) {
  struct question question;
  begin(&question, function, 1);
  put_text(&question, key);
  return ask(function, &question, out);
}

static long by_card(const struct function *function, int type, const char *card, char *out) {
  struct question question;
  begin(&question, function, 2);
  put_number(&question, type);
  put_text(&question, card);
  return ask(function, &question, out);
}

static long not_supported(char *out) {
  if (out == NULL) return YIKATONG_PARAMETER_WRONG;
  out[0] = '\0';
  return YIKATONG_NOT_SUPPORTED;
}

#define FUNCTION(NAME, CODE, ROOM, MS, CHANGES) static const struct function NAME = {CODE, ROOM, MS, CHANGES}

FUNCTION(READ_BAS, 0x01, YIKATONG_OUT_USUAL, QUESTION_MS, 0);
FUNCTION(READ_BAS_STEP1, 0x02, YIKATONG_OUT_USUAL, QUESTION_MS, 0);
FUNCTION(READ_BAS_STEP2, 0x03, YIKATONG_OUT_USUAL, QUESTION_MS, 0);
FUNCTION(READ_CARD, 0x10, YIKATONG_OUT_LONG, KEYPAD_MS, 0);
FUNCTION(WRITE_CARD, 0x11, YIKATONG_OUT_SHORT, QUESTION_MS, 1);
FUNCTION(VERIFY_PIN, 0x20, YIKATONG_OUT_SHORT, KEYPAD_MS, 0);
FUNCTION(CHANGE_PIN, 0x21, YIKATONG_OUT_SHORT, KEYPAD_MS, 1);
FUNCTION(RELOAD_PIN, 0x22, YIKATONG_OUT_SHORT, KEYPAD_MS, 1);
FUNCTION(RELOAD_PIN_STEP1, 0x23, YIKATONG_OUT_USUAL, QUESTION_MS, 0);
FUNCTION(RELOAD_PIN_STEP2, 0x24, YIKATONG_OUT_USUAL, QUESTION_MS, 0);
FUNCTION(RELOAD_PIN_STEP3, 0x25, YIKATONG_OUT_SHORT, QUESTION_MS, 1);
FUNCTION(UNBLOCK_PIN, 0x28, YIKATONG_OUT_SHORT, KEYPAD_MS, 1);
FUNCTION(UNBLOCK_PIN_STEP1, 0x29, YIKATONG_OUT_USUAL, QUESTION_MS, 0);
FUNCTION(UNBLOCK_PIN_STEP2, 0x2a, YIKATONG_OUT_SHORT, QUESTION_MS, 1);
FUNCTION(DO_DEBIT, 0x30, YIKATONG_OUT_USUAL, DEBIT_MS, 1);
FUNCTION(READ_DEBIT_RECORD, 0x31, YIKATONG_OUT_LONG, KEYPAD_MS, 0);

EXPORTED long iReadCardBas(int iType, char *pOutInfo) { return by_type(&READ_BAS, iType, pOutInfo); }

EXPORTED long iReadCardBas_HSM_Step1(int iType, char *pOutInfo) { return by_type(&READ_BAS_STEP1, iType, pOutInfo); }

EXPORTED long iReadCardBas_HSM_Step2(char *pKey, char *pOutInfo) { return by_key(&READ_BAS_STEP2, pKey, pOutInfo); }

EXPORTED long iReadCard(int iType, int iAuthType, char *pCardInfo, char *pFileAddr, char *pOutInfo) {
  struct question question;
  begin(&question, &READ_CARD, 4);
  put_number(&question, iType);
  put_number(&question, iAuthType);
  put_text(&question, pCardInfo);
  put_text(&question, pFileAddr);
  return ask(&READ_CARD, &question, pOutInfo);
}

EXPORTED long iWriteCard(int iType, char *pCardInfo, char *pFileAddr, char *pWriteData, char *pOutInfo) {
  struct question question;
  begin(&question, &WRITE_CARD, 4);
  put_number(&question, iType);
  put_text(&question, pCardInfo);
  put_text(&question, pFileAddr);
  put_text(&question, pWriteData);
  return ask(&WRITE_CARD, &question, pOutInfo);
}

EXPORTED long iVerifyPIN(int iType, char *pOutInfo) { return by_type(&VERIFY_PIN, iType, pOutInfo); }

EXPORTED long iChangePIN(int iType, char *pOutInfo) { return by_type(&CHANGE_PIN, iType, pOutInfo); }

EXPORTED long iReloadPIN(int iType, char *pCardInfo, char *pOutInfo) { return by_card(&RELOAD_PIN, iType, pCardInfo, pOutInfo); }

EXPORTED long iReloadPIN_HSM_Step1(int iType, char *pCardInfo, char *pOutInfo) { return by_card(&RELOAD_PIN_STEP1, iType, pCardInfo, pOutInfo); }

EXPORTED long iReloadPIN_HSM_Step2(char *pKey, char *pOutInfo) { return by_key(&RELOAD_PIN_STEP2, pKey, pOutInfo); }

EXPORTED long iReloadPIN_HSM_Step3(char *pKey, char *pOutInfo) { return by_key(&RELOAD_PIN_STEP3, pKey, pOutInfo); }

EXPORTED long iUnblockPIN(int iType, char *pCardInfo, char *pOutInfo) { return by_card(&UNBLOCK_PIN, iType, pCardInfo, pOutInfo); }

EXPORTED long iUnblockPIN_HSM_Step1(int iType, char *pCardInfo, char *pOutInfo) { return by_card(&UNBLOCK_PIN_STEP1, iType, pCardInfo, pOutInfo); }

EXPORTED long iUnblockPIN_HSM_Step2(char *pKey, char *pOutInfo) { return by_key(&UNBLOCK_PIN_STEP2, pKey, pOutInfo); }

EXPORTED long iDoDebit(int iType, char *pCardInfo, char *pPayInfo, char *pOutInfo) {
  struct question question;
  begin(&question, &DO_DEBIT, 3);
  put_number(&question, iType);
  put_text(&question, pCardInfo);
  put_text(&question, pPayInfo);
  return ask(&DO_DEBIT, &question, pOutInfo);
}

EXPORTED long iReadDebitRecord(int iType, char *pOutInfo) { return by_type(&READ_DEBIT_RECORD, iType, pOutInfo); }

EXPORTED long iWriteCard_HSM_Step1(int iType, char *pCardInfo, char *pFileAddr, char *pOutInfo) {
  (void)iType;
  (void)pCardInfo;
  (void)pFileAddr;
  return not_supported(pOutInfo);
}

EXPORTED long iWriteCard_HSM_Step2(char *pKey, char *pOutInfo) {
  (void)pKey;
  return not_supported(pOutInfo);
}

EXPORTED long iDoDebit_HSM_Step1(int iType, char *pCardInfo, char *pPayInfo, char *pOutInfo) {
  (void)iType;
  (void)pCardInfo;
  (void)pPayInfo;
  return not_supported(pOutInfo);
}

EXPORTED long iDoDebit_HSM_Step2(char *pKey, char *pOutInfo) {
  (void)pKey;
  return not_supported(pOutInfo);
}
