/* The answer of the terminal as bytes, read apart from any socket, so that a test can give it whatever bytes it likes. */
#ifndef YIKATONG_ANSWER_H
#define YIKATONG_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#define YIKATONG_PROTOCOL_VERSION 1
#define YIKATONG_FRAME_MAX 8192
#define YIKATONG_ANSWER_HEAD 8

/*
 * Reads the `length` bytes of an answer to `function`, and writes its output with a zero behind it into `out`, which has room for `room` bytes.
 * Gives the function's result; YIKATONG_ANSWER_MALFORMED for bytes that are no answer to it, with an empty `out`.
 */
long yikatong_take_answer(const uint8_t *body, size_t length, uint8_t function, char *out, size_t room);

#endif
