/*
 * Any bytes as an answer: the reader of answers never reads or writes outside of what it was given, which the sanitizers of the build watch, and
 * what it takes for an answer has the form of one. Usage: fuzz-answer SEED COUNT; prints how many answers it took and how many it refused.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../answer.h"
#include "../yikatong-reader.h"

static uint64_t state;

static uint32_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 16);
}

/* An answer that is right, then changed in a few places or cut. */
static size_t make(uint8_t *body, size_t room) {
  size_t output = draw() % 300;
  size_t length = YIKATONG_ANSWER_HEAD + output;
  if (length > room) abort();
  body[0] = YIKATONG_PROTOCOL_VERSION;
  body[1] = (uint8_t)(draw() % 3 == 0 ? draw() : 0x01);
  int32_t result = -(int32_t)(draw() % 40000);
  if (draw() % 2 == 0) result = 0;
  for (int at = 0; at < 4; at += 1) body[2 + at] = (uint8_t)((uint32_t)result >> (24 - 8 * at));
  body[6] = (uint8_t)(output >> 8);
  body[7] = (uint8_t)output;
  for (size_t at = 0; at < output; at += 1) body[YIKATONG_ANSWER_HEAD + at] = (uint8_t)(draw() % 255 + 1);
  uint32_t changes = draw() % 4;
  for (uint32_t at = 0; at < changes; at += 1) body[draw() % length] = (uint8_t)draw();
  if (draw() % 5 == 0) length = draw() % (length + 1);
  return length;
}

int main(int count_of_words, char **words) {
  if (count_of_words != 3) return 2;
  state = strtoull(words[1], NULL, 10) * 2654435761u + 88172645463325252u;
  long count = strtol(words[2], NULL, 10);
  long taken = 0;
  static const size_t rooms[] = {1, 2, 16, YIKATONG_OUT_SHORT, YIKATONG_OUT_USUAL};
  for (long at = 0; at < count; at += 1) {
    uint8_t made[YIKATONG_ANSWER_HEAD + 300];
    size_t length = make(made, sizeof made);
    /* Exactly as long as they are, so that a byte too far is seen. */
    uint8_t *body = malloc(length == 0 ? 1 : length);
    size_t room = rooms[draw() % (sizeof rooms / sizeof rooms[0])];
    char *out = malloc(room);
    if (body == NULL || out == NULL) return 4;
    memcpy(body, made, length);
    memset(out, 0x5a, room);
    long result = yikatong_take_answer(body, length, 0x01, out, room);
    if (memchr(out, 0, room) == NULL || result > 0) abort();
    /* A terminal may give the number of a malformed answer itself. */
    if (result != YIKATONG_ANSWER_MALFORMED || out[0] != '\0') {
      if (strlen(out) != length - YIKATONG_ANSWER_HEAD) abort();
      taken += 1;
    }
    free(body);
    free(out);
  }
  printf("%ld taken, %ld refused\n", taken, count - taken);
  return 0;
}
