/*
 * A program as it might have been written for a reader: it is linked with the library and calls it by name. Each line of its input is one call,
 * its words between tabs: the function and its parameters, text as hexadecimal. Each line of its output is the result and the output in
 * hexadecimal. Every buffer has just the documented size, with marks behind it that must stay.
 * "threads N" calls iReadCardBas from N threads at once and tells how many gave 0.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../yikatong-reader.h"

#define MARK 0x5a
#define MARKS 64
#define LINE_MAX_BYTES 32768
#define WORDS_MAX 6
#define THREADS_MAX 16

static int unhex(char *text) {
  size_t length = strlen(text);
  if (length % 2 != 0) return -1;
  for (size_t at = 0; at < length / 2; at += 1) {
    unsigned int byte;
    if (sscanf(text + 2 * at, "%2x", &byte) != 1) return -1;
    text[at] = (char)byte;
  }
  text[length / 2] = '\0';
  return 0;
}

static long call(char **word, int words, char *out) {
  const char *name = word[0];
  int type = words > 1 ? atoi(word[1]) : 0;
  if (strcmp(name, "iReadCardBas") == 0) return iReadCardBas(type, out);
  if (strcmp(name, "iReadCardBas_HSM_Step1") == 0) return iReadCardBas_HSM_Step1(type, out);
  if (strcmp(name, "iVerifyPIN") == 0) return iVerifyPIN(type, out);
  if (strcmp(name, "iChangePIN") == 0) return iChangePIN(type, out);
  if (strcmp(name, "iReadDebitRecord") == 0) return iReadDebitRecord(type, out);
  for (int at = 1; at < words; at += 1) {
    int number = at == 1 || (at == 2 && strcmp(name, "iReadCard") == 0);
    if (strstr(name, "_Step2") != NULL || strstr(name, "_Step3") != NULL) number = 0;
    if (!number && unhex(word[at]) != 0) exit(3);
  }
  if (strcmp(name, "iReadCardBas_HSM_Step2") == 0) return iReadCardBas_HSM_Step2(word[1], out);
  if (strcmp(name, "iReadCard") == 0 && words == 5) return iReadCard(type, atoi(word[2]), word[3], word[4], out);
  if (strcmp(name, "iWriteCard") == 0 && words == 5) return iWriteCard(type, word[2], word[3], word[4], out);
  if (strcmp(name, "iDoDebit") == 0 && words == 4) return iDoDebit(type, word[2], word[3], out);
  if (strcmp(name, "iDoDebit_HSM_Step1") == 0 && words == 4) return iDoDebit_HSM_Step1(type, word[2], word[3], out);
  if (strcmp(name, "iUnblockPIN") == 0) return iUnblockPIN(type, word[2], out);
  if (strcmp(name, "iUnblockPIN_HSM_Step1") == 0) return iUnblockPIN_HSM_Step1(type, word[2], out);
  if (strcmp(name, "iUnblockPIN_HSM_Step2") == 0) return iUnblockPIN_HSM_Step2(word[1], out);
  if (strcmp(name, "iReloadPIN") == 0) return iReloadPIN(type, word[2], out);
  if (strcmp(name, "iReloadPIN_HSM_Step1") == 0) return iReloadPIN_HSM_Step1(type, word[2], out);
  if (strcmp(name, "iReloadPIN_HSM_Step2") == 0) return iReloadPIN_HSM_Step2(word[1], out);
  if (strcmp(name, "iReloadPIN_HSM_Step3") == 0) return iReloadPIN_HSM_Step3(word[1], out);
  fprintf(stderr, "no such call: %s\n", name);
  exit(2);
}

static size_t room_of(const char *name) {
  if (strcmp(name, "iReadCard") == 0 || strcmp(name, "iReadDebitRecord") == 0) return YIKATONG_OUT_LONG;
  if (strncmp(name, "iReadCardBas", 12) == 0 || strcmp(name, "iDoDebit") == 0) return YIKATONG_OUT_USUAL;
  if (strstr(name, "_Step1") != NULL || strcmp(name, "iReloadPIN_HSM_Step2") == 0) return YIKATONG_OUT_USUAL;
  return YIKATONG_OUT_SHORT;
}

static void *read_once(void *result) {
  char out[YIKATONG_OUT_USUAL];
  *(long *)result = iReadCardBas(2, out);
  return NULL;
}

static void from_threads(int wanted) {
  pthread_t threads[THREADS_MAX];
  long results[THREADS_MAX];
  int count = wanted < THREADS_MAX ? wanted : THREADS_MAX;
  int good = 0;
  for (int at = 0; at < count; at += 1)
    if (pthread_create(&threads[at], NULL, read_once, &results[at]) != 0) exit(4);
  for (int at = 0; at < count; at += 1) {
    pthread_join(threads[at], NULL);
    if (results[at] == 0) good += 1;
  }
  printf("%d\t\n", good);
}

int main(void) {
  static char line[LINE_MAX_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *word[WORDS_MAX] = {NULL};
    int words = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *next = strtok(line, "\t"); next != NULL && words < WORDS_MAX; next = strtok(NULL, "\t")) word[words++] = next;
    if (words == 0) continue;
    if (strcmp(word[0], "threads") == 0) {
      from_threads(words > 1 ? atoi(word[1]) : 0);
    } else {
      size_t room = room_of(word[0]);
      unsigned char *out = malloc(room + MARKS);
      if (out == NULL) return 4;
      memset(out, MARK, room + MARKS);
      long result = call(word, words, (char *)out);
      for (size_t at = room; at < room + MARKS; at += 1)
        if (out[at] != MARK) return 5;
      printf("%ld\t", result);
      for (size_t at = 0; at < room && out[at] != 0; at += 1) printf("%02x", out[at]);
      printf("\n");
      free(out);
    }
    fflush(stdout);
  }
  return 0;
}
