/* Isolation forests: the sum over all trees of the path length at a row's leaf. */
#include "trees.h"

#include <math.h>
#include <stdlib.h>

/* The arrays of `vigil.prediction.engines.forest.Forest`. A leaf has the feature LEAF. */
typedef struct {
    const double *threshold, *length;
    const int32_t *feature, *left, *right, *root;
    const uint8_t *missing_left;
    uint32_t features, nodes, roots;
} Forest;

enum { LEAF = -1, MOST_HEIGHT = 512 };

static int allocate(Model *model, const Forest *from) {
    model->features = from->features;
    model->slots = 2 * from->features; /* one for missing values to the right, one for those to the left */
    model->trees = from->roots;
    model->nodes = from->nodes;
    model->node = malloc(model->nodes * sizeof(Node));
    model->slot = malloc(model->slots * sizeof(Slot));
    model->tree = malloc(model->trees * sizeof(Tree));
    return model->node && model->slot && model->tree ? ACCEPTED : NO_MEMORY;
}

/* Writes a node. The heights of its kids are known, because they come after it. */
static int read_node(Model *model, const Forest *from, uint32_t i, uint32_t *height) {
    const int32_t feature = from->feature[i];
    height[i] = 0;
    model->node[i] = (Node){.value = from->length[i]};
    if (feature == LEAF) return isfinite(from->length[i]) ? ACCEPTED : BAD_NODE;
    const int64_t right = (int64_t)from->right[i] - i, left = (int64_t)from->left[i] - i;
    if (feature < 0 || (uint32_t)feature >= model->features || isnan(from->threshold[i])) return BAD_NODE;
    if (right < 1 || left < 1 || right > UINT16_MAX || left > UINT16_MAX) return BAD_TREE;
    if (i + right >= model->nodes || i + left >= model->nodes) return BAD_TREE;
    model->node[i].value = from->threshold[i];
    model->node[i].slot = (uint16_t)(2 * feature + !!from->missing_left[i]);
    model->node[i].kid[0] = (uint16_t)right;
    model->node[i].kid[1] = (uint16_t)left;
    height[i] = 1 + (height[i + right] > height[i + left] ? height[i + right] : height[i + left]);
    return height[i] > MOST_HEIGHT ? TOO_DEEP : ACCEPTED;
}

static int read_all(Model *model, const Forest *from, uint32_t *height) {
    int refusal = ACCEPTED;
    for (uint32_t i = model->nodes; !refusal && i-- > 0;) refusal = read_node(model, from, i, height);
    for (uint32_t s = 0; s < model->slots; s++)
        model->slot[s] = (Slot){.feature = (uint16_t)(s / 2), .missing = s % 2 ? MISSING_LEFT : 0};
    for (uint32_t t = 0; !refusal && t < model->trees; t++) {
        const uint32_t root = (uint32_t)from->root[t];
        if (root >= model->nodes) return BAD_TREE;
        model->tree[t] = (Tree){.first = root, .depth = height[root]};
    }
    return refusal;
}

/* Reads a forest into a new model; returns the reason of a refusal, or 0. */
EXPORTED int vigil_forest_load(const Forest *from, Model **model) {
    *model = NULL;
    if (!from->nodes || !from->roots || !from->features || from->features > UINT16_MAX / 2) return BAD_HEADER;
    uint32_t *height = malloc(from->nodes * sizeof *height);
    *model = calloc(1, sizeof(Model));
    int refusal = height && *model ? allocate(*model, from) : NO_MEMORY;
    if (!refusal) refusal = read_all(*model, from, height);
    free(height);
    if (refusal) {
        vigil_trees_free(*model);
        *model = NULL;
    }
    return refusal;
}

/* Returns the sum of the path lengths of one row, or NaN if memory is exhausted; lengths themselves are finite. Trees
 * were trained with single precision, so rows have it too. */
EXPORTED double vigil_forest_length(const Model *model, const float *row) {
    double *values = malloc((model->features + model->slots) * sizeof(double)), *slots = values + model->features;
    if (!values) return NAN;
    for (uint32_t f = 0; f < model->features; f++) values[f] = row[f];
    fill_slots(model, values, slots);
    double length = walk(model, slots);
    free(values);
    return length;
}
