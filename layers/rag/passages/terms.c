/* BM25 over character n-grams of stems. A passage is stored as its distinct stems with their counts. A question gives
 * each stem the grams that both have. Sums are in the order of the question's grams, as in Python. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

/* The stems of the passages of a segment: those of passage i are start[i] to start[i + 1] - 1. */
typedef struct {
    const uint32_t *start, *stem, *count, *length;
    size_t passages;
} Terms;

/* The grams of a question that stems have. Stem s has slot[s], and the pairs of a slot are first[slot] to
 * first[slot + 1] - 1: the number of the gram, and how often the stem has it. */
typedef struct {
    const uint32_t *slot, *first, *gram, *times;
    size_t grams;
} Shared;

/* Writes how often a passage has each gram of the question; returns 0 if it has none. */
static int counted(const Terms *terms, const Shared *shared, size_t passage, uint32_t *frequency) {
    int has_any = 0;
    memset(frequency, 0, shared->grams * sizeof *frequency);
    for (uint32_t at = terms->start[passage]; at < terms->start[passage + 1]; at++) {
        const uint32_t slot = shared->slot[terms->stem[at]];
        for (uint32_t pair = shared->first[slot]; pair < shared->first[slot + 1]; pair++) {
            frequency[shared->gram[pair]] += terms->count[at] * shared->times[pair];
            has_any = 1;
        }
    }
    return has_any;
}

/* Adds to `found` the number of passages that have each gram. `frequency` has space for one number per gram. */
EXPORTED void vigil_terms_count(const Terms *terms, const Shared *shared, uint32_t *frequency, uint32_t *found) {
    for (size_t i = 0; i < terms->passages; i++)
        if (counted(terms, shared, i, frequency))
            for (size_t g = 0; g < shared->grams; g++) found[g] += frequency[g] > 0;
}

/* Writes the score of each passage, and the weight of the grams that it has. */
EXPORTED void vigil_terms_score(const Terms *terms, const Shared *shared, const double *weight, double average,
                                uint32_t *frequency, double *score, double *matched) {
    const double k1 = 1.2, b = 0.75;
    for (size_t i = 0; i < terms->passages; i++) {
        score[i] = matched[i] = 0;
        if (!counted(terms, shared, i, frequency)) continue;
        const double norm = k1 * (1 - b + b * (terms->length[i] / average));
        for (size_t g = 0; g < shared->grams; g++) {
            if (!frequency[g]) continue;
            score[i] += weight[g] * (frequency[g] * (k1 + 1) / (frequency[g] + norm));
            matched[i] += weight[g];
        }
    }
}
