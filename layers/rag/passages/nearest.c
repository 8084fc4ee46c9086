/* Search for the rows nearest to a question: exact integer products of int8 rows and an int16 question.
 *
 * A score is one product of two doubles, so that it has the same bits on every machine and in Python. */
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

/* `order` breaks ties: the smaller one is first. `place` is the number of the row in all searched rows. */
typedef struct {
    double score;
    uint64_t order;
    uint64_t place;
} Hit;

static inline int is_before(const Hit *a, const Hit *b) {
    return a->score > b->score || (a->score == b->score && a->order < b->order);
}

/* The sum fits 32 bits if `width` is at most 4,096 and the numbers of the question are at most 4,095. */
static inline int32_t dot(const int8_t *row, const int16_t *question, size_t width) {
    int32_t sum = 0;
    for (size_t k = 0; k < width; k++) sum += (int32_t)row[k] * (int32_t)question[k];
    return sum;
}

/* Inserts the rows into `hit`, the best `limit` hits so far in their order. The order of a row is `version` in the
 * upper 32 bits and the number of its passage in the lower ones. */
EXPORTED void vigil_nearest_rows(const int8_t *row, const float *scale, const uint32_t *number, size_t rows,
                                 size_t width, const int16_t *question, uint32_t version, uint64_t first, Hit *hit,
                                 size_t limit) {
    for (size_t i = 0; i < rows; i++, row += width) {
        const double score = (double)dot(row, question, width) * (double)scale[i];
        const Hit found = {score, (uint64_t)version << 32 | number[i], first + i};
        if (!is_before(&found, &hit[limit - 1])) continue;
        size_t place = limit - 1;
        for (; place > 0 && is_before(&found, &hit[place - 1]); place--) hit[place] = hit[place - 1];
        hit[place] = found;
    }
}
