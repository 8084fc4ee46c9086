/* Scores rows. */
#include "trees.h"

#include <math.h>
#include <stdlib.h>

enum { TOGETHER = 8 }; /* simultaneous walks: enough to hide memory latency, few enough for the registers */

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

static inline uint32_t step(const Node *nodes, uint32_t i, const double *slots) {
    const Node *node = nodes + i;
    return node->kid[slots[node->slot] <= node->value];
}

/* Adds the trees in their order, as LightGBM does, because the last bit of the sum depends on the order. */
static double walk(const Model *model, const double *slots) {
    double score = 0;
    uint32_t t = 0;
    for (; t + TOGETHER <= model->trees; t += TOGETHER) {
        const Node *nodes[TOGETHER];
        uint32_t at[TOGETHER], deepest = 0;
        for (uint32_t k = 0; k < TOGETHER; k++) {
            nodes[k] = model->node + model->tree[t + k].first;
            at[k] = 0;
            if (model->tree[t + k].depth > deepest) deepest = model->tree[t + k].depth;
        }
        for (uint32_t d = 0; d < deepest; d++)
            for (uint32_t k = 0; k < TOGETHER; k++) at[k] = step(nodes[k], at[k], slots);
        for (uint32_t k = 0; k < TOGETHER; k++) score += nodes[k][at[k]].value;
    }
    for (; t < model->trees; t++) {
        const Node *nodes = model->node + model->tree[t].first;
        uint32_t at = 0;
        for (uint32_t d = 0; d < model->tree[t].depth; d++) at = step(nodes, at, slots);
        score += nodes[at].value;
    }
    return score;
}

/* Walks several rows through one tree at a time, which meanwhile stays in the nearest cache. */
static void walk_rows(const Model *model, const double *slots, double *scores) {
    for (uint32_t r = 0; r < TOGETHER; r++) scores[r] = 0;
    for (uint32_t t = 0; t < model->trees; t++) {
        const Node *nodes = model->node + model->tree[t].first;
        uint32_t at[TOGETHER] = {0};
        for (uint32_t d = 0; d < model->tree[t].depth; d++)
            for (uint32_t r = 0; r < TOGETHER; r++) at[r] = step(nodes, at[r], slots + (size_t)r * model->slots);
        for (uint32_t r = 0; r < TOGETHER; r++) scores[r] += nodes[at[r]].value;
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
