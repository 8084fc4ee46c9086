/* Scores rows. */
#include "trees.h"

#include <math.h>
#include <stdlib.h>

/* Simultaneous walks: enough to hide the latency of memory, and few enough for the registers (measured). */
enum { TOGETHER = 12, FEWER = 4 };

/* NAN is never at most a threshold, -INFINITY always. */
static const double SUBSTITUTE[2] = {NAN, -INFINITY};

/* Values near zero need no test here: no threshold of a loaded model lies between them. */
void fill_slots(const Model *model, const double *row, double *slots) {
    fill_category_slots(model, row, slots);
    for (uint32_t s = model->category_slots; s < model->slots; s++) {
        const double value = row[model->slot[s].feature], substitute = SUBSTITUTE[model->slot[s].missing & MISSING_LEFT];
        slots[s] = value == value ? value : substitute;
    }
    if (!model->zero_is_missing) return;
    for (uint32_t s = model->category_slots; s < model->slots; s++)
        if (model->slot[s].missing & ZERO_IS_MISSING && fabs(slots[s]) <= ZERO)
            slots[s] = SUBSTITUTE[model->slot[s].missing & MISSING_LEFT];
}

INLINE const Node *step(const Node *node, const double *slots) {
    return node + node->kid[slots[node->slot] <= node->value];
}

/* Walks through `count` trees at once and adds their leaves in order. */
INLINE double add_trees(const Model *model, uint32_t first, const uint32_t count, const double *slots, double score) {
    const Node *at[TOGETHER];
    uint32_t deepest = 0;
    for (uint32_t k = 0; k < count; k++) {
        const Tree *tree = model->tree + first + k;
        at[k] = model->node + tree->first;
        if (tree->depth > deepest) deepest = tree->depth;
    }
    for (uint32_t d = 0; d < deepest; d++)
        for (uint32_t k = 0; k < count; k++) at[k] = step(at[k], slots);
    for (uint32_t k = 0; k < count; k++) score += at[k]->value;
    return score;
}

double walk(const Model *model, const double *slots) {
    double score = 0;
    uint32_t t = 0;
    for (; t + TOGETHER <= model->trees; t += TOGETHER) score = add_trees(model, t, TOGETHER, slots, score);
    for (; t + FEWER <= model->trees; t += FEWER) score = add_trees(model, t, FEWER, slots, score);
    for (; t < model->trees; t++) score = add_trees(model, t, 1, slots, score);
    return score;
}

/* Walks several rows through one tree at a time, which meanwhile stays in the nearest cache. */
static void walk_rows(const Model *model, const double *slots, double *scores) {
    for (uint32_t r = 0; r < TOGETHER; r++) scores[r] = 0;
    for (uint32_t t = 0; t < model->trees; t++) {
        const Node *at[TOGETHER];
        for (uint32_t r = 0; r < TOGETHER; r++) at[r] = model->node + model->tree[t].first;
        for (uint32_t d = 0; d < model->tree[t].depth; d++)
            for (uint32_t r = 0; r < TOGETHER; r++) at[r] = step(at[r], slots + (size_t)r * model->slots);
        for (uint32_t r = 0; r < TOGETHER; r++) scores[r] += at[r]->value;
    }
}

/* Returns the raw score of one row, or NaN if memory is exhausted; scores themselves are finite. */
EXPORTED double vigil_trees_score(const Model *model, const double *row) {
    double *slots = malloc(model->slots * sizeof(double));
    if (!slots) return NAN;
    fill_slots(model, row, slots);
    double score = walk(model, slots);
    free(slots);
    return score;
}

/* Writes the raw score of each row; returns NO_MEMORY or 0. */
EXPORTED int vigil_trees_score_rows(const Model *model, const double *rows, size_t count, double *scores) {
    double *slots = malloc(TOGETHER * sizeof(double) * model->slots);
    if (!slots) return NO_MEMORY;
    size_t i = 0;
    for (; i + TOGETHER <= count; i += TOGETHER) {
        for (uint32_t r = 0; r < TOGETHER; r++)
            fill_slots(model, rows + (i + r) * model->features, slots + (size_t)r * model->slots);
        walk_rows(model, slots, scores + i);
    }
    for (; i < count; i++) {
        fill_slots(model, rows + i * model->features, slots);
        scores[i] = walk(model, slots);
    }
    free(slots);
    return ACCEPTED;
}
