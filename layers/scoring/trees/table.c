/* Reads a packed table. Everything is checked here once, so that walks need no checks and always end. */
#include "trees.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char magic[8];
    uint8_t source[32]; /* SHA-256 of the packed model; compared by Python */
    uint32_t features, slots, trees, nodes;
} Header;

/* Version 2 has categories; version 1 is the same without their section. */
static const char NUMERIC[] = "VGLTREE1", WITH_CATEGORIES[] = "VGLTREE2";
enum { MOST_NODES = 1 << 22, MOST_FEATURES = 1 << 16, MOST_DISTINCT = 32, MOST_SPLITS = 512 };

/* Little-endian sections after the header, in this order and without gaps; the largest alignment comes first. */
typedef struct {
    const uint8_t *nodes, *slots;
    const uint8_t *tree_sizes; /* uint32, in nodes */
    const uint8_t *rows;       /* uint32 for each node: the number of training rows that passed it */
    const uint8_t *categories; /* of version 2: number of features, then sets, codes and bits of each feature */
    size_t categories_size;
} Sections;

EXPORTED void vigil_trees_free(Model *model) {
    if (model) {
        free(model->node);
        free(model->slot);
        free_categories(model);
        free(model->tree);
        free(model->edge);
        free(model->inverse);
        free(model);
    }
}

static int has_magic(const Header *header, const char *magic) { return !memcmp(header->magic, magic, sizeof header->magic); }

static int counts_are_sane(const Header *header) {
    return (has_magic(header, NUMERIC) || has_magic(header, WITH_CATEGORIES)) && header->features && header->features <= MOST_FEATURES &&
           header->slots && header->slots <= MOST_FEATURES && header->trees && header->trees <= header->nodes &&
           header->nodes <= MOST_NODES;
}

static int allocate(Model *model, const Header *header) {
    model->features = header->features;
    model->slots = header->slots;
    model->trees = header->trees;
    model->nodes = header->nodes;
    model->node = malloc(header->nodes * sizeof(Node));
    model->slot = malloc(header->slots * sizeof(Slot));
    model->tree = malloc(header->trees * sizeof(Tree));
    model->edge = calloc(header->nodes, sizeof(Edge));
    return model->node && model->slot && model->tree && model->edge ? ACCEPTED : NO_MEMORY;
}

static int read_slots(Model *model, const uint8_t *source) {
    memcpy(model->slot, source, model->slots * sizeof(Slot));
    for (uint32_t i = 0; i < model->slots; i++) {
        if (model->slot[i].feature >= model->features || model->slot[i].missing > (MISSING_LEFT | ZERO_IS_MISSING))
            return BAD_SLOT;
        model->zero_is_missing |= model->slot[i].missing & ZERO_IS_MISSING;
    }
    return ACCEPTED;
}

/* LightGBM reads every value from -ZERO to ZERO as 0. A threshold among them is moved beyond them, so that they all
 * compare with it as 0 does, and all other values as before. */
static double beyond_zeros(double threshold) {
    if (threshold < -ZERO || threshold > ZERO) return threshold;
    return threshold >= 0 ? ZERO : NEXT_BELOW_ZEROS;
}

static int read_tree_sizes(Model *model, const uint8_t *sizes) {
    uint32_t first = 0;
    for (uint32_t t = 0; t < model->trees; t++) {
        uint32_t nodes = number(sizes, t);
        if (!nodes || nodes > UINT16_MAX || nodes > model->nodes - first) return BAD_TREE;
        model->tree[t] = (Tree){.first = first, .nodes = nodes};
        if (nodes > model->longest_tree) model->longest_tree = nodes;
        first += nodes;
    }
    return first == model->nodes ? ACCEPTED : BAD_TREE;
}

static int is_leaf(const Node *node, uint32_t i) { return node->kid[0] == i && node->kid[1] == i; }

/* Checks that kids come after their parent and have only one parent, so that every walk moves forward to a leaf. */
static int adopt(const Model *model, const Tree *tree, uint32_t parent) {
    const Node *node = model->node + tree->first + parent;
    Edge *edges = model->edge + tree->first;
    for (uint16_t side = 0; side < 2; side++) {
        uint32_t kid = node->kid[side];
        if (kid <= parent || kid >= tree->nodes || edges[kid].cover != 0) return 0;
        edges[kid] = (Edge){.cover = 1, .parent = (uint16_t)parent, .feature = model->slot[node->slot].feature};
    }
    return 1;
}

static int read_nodes(Model *model, Tree *tree) {
    Edge *edges = model->edge + tree->first;
    uint16_t depth[UINT16_MAX];
    for (uint32_t i = 0; i < tree->nodes; i++) {
        Node *node = model->node + tree->first + i;
        if (isnan(node->value) || node->slot >= model->slots || node->zero) return BAD_NODE;
        if (i && edges[i].cover == 0) return BAD_TREE; /* no parent */
        depth[i] = i ? (uint16_t)(depth[edges[i].parent] + 1) : 0;
        if (depth[i] > MOST_SPLITS) return TOO_DEEP;
        if (is_leaf(node, i)) {
            if (!isfinite(node->value)) return BAD_NODE;
            edges[i].is_leaf = 1;
            edges[i].leaf = node->value;
            if (depth[i] > tree->depth) tree->depth = depth[i];
        } else if (!adopt(model, tree, i)) {
            return BAD_TREE;
        } else {
            node->value = beyond_zeros(node->value);
        }
    }
    return ACCEPTED;
}

/* Finds the nearest edge above with the same feature; returns the number of distinct features from the root to here. */
static uint32_t relate(const Edge *edges, uint32_t i, const uint8_t *distinct, uint16_t *earlier) {
    uint32_t above = edges[i].parent;
    for (uint32_t e = above; e; e = edges[e].parent)
        if (edges[e].feature == edges[i].feature) {
            *earlier = (uint16_t)e;
            return distinct[above];
        }
    *earlier = 0;
    return distinct[above] + 1u;
}

static int read_covers(Model *model, const Tree *tree, const uint8_t *rows, uint32_t *most_distinct) {
    Edge *edges = model->edge + tree->first;
    const Node *nodes = model->node + tree->first;
    uint8_t distinct[UINT16_MAX];
    distinct[0] = 0;
    rows += tree->first * sizeof(uint32_t);
    edges[0].cover = 1;
    for (uint32_t i = 0; i < tree->nodes; i++) {
        uint32_t here = number(rows, i);
        if (!here) return BAD_COVER;
        if (!is_leaf(nodes + i, i) &&
            (uint64_t)number(rows, nodes[i].kid[0]) + number(rows, nodes[i].kid[1]) != here)
            return BAD_COVER;
        if (is_leaf(nodes + i, i)) model->base += here / (double)number(rows, 0) * nodes[i].value;
        if (!i) continue;
        uint32_t features = relate(edges, i, distinct, &edges[i].earlier);
        if (features > MOST_DISTINCT) return TOO_DEEP;
        distinct[i] = (uint8_t)features;
        if (features > *most_distinct) *most_distinct = features;
        edges[i].cover = here / (double)number(rows, edges[i].parent) * edges[edges[i].earlier].cover;
    }
    return ACCEPTED;
}

static void make_relative(Model *model, const Tree *tree) {
    Node *nodes = model->node + tree->first;
    for (uint32_t i = 0; i < tree->nodes; i++)
        for (uint32_t side = 0; side < 2; side++) nodes[i].kid[side] = (uint16_t)(nodes[i].kid[side] - i);
}

static int read_all(Model *model, const Header *header, const Sections *from) {
    int refusal = allocate(model, header);
    if (!refusal) refusal = read_slots(model, from->slots);
    if (!refusal && has_magic(header, WITH_CATEGORIES))
        refusal = read_categories(model, from->categories, from->categories_size);
    if (!refusal) refusal = read_tree_sizes(model, from->tree_sizes);
    if (!refusal) memcpy(model->node, from->nodes, model->nodes * sizeof(Node));
    uint32_t most_distinct = 0;
    for (uint32_t t = 0; !refusal && t < model->trees; t++) {
        refusal = read_nodes(model, model->tree + t);
        if (!refusal) refusal = read_covers(model, model->tree + t, from->rows, &most_distinct);
        make_relative(model, model->tree + t);
    }
    if (refusal) return refusal;
    model->points = points_for(most_distinct);
    model->inverse = aligned((size_t)2 * model->points * model->nodes);
    if (!model->inverse) return NO_MEMORY;
    for (uint32_t i = 0; i < model->nodes; i++) invert(model, i, model->inverse + (size_t)2 * model->points * i);
    return ACCEPTED;
}

/* Reads `size` bytes into a new model and writes its number of features; returns the reason of a refusal, or 0. */
EXPORTED int vigil_trees_load(const uint8_t *bytes, size_t size, Model **model, uint32_t *features) {
    Header header;
    *model = NULL;
    if (size < sizeof header) return BAD_HEADER;
    memcpy(&header, bytes, sizeof header);
    if (!counts_are_sane(&header)) return BAD_HEADER;
    Sections from = {.nodes = bytes + sizeof header};
    from.slots = from.nodes + header.nodes * sizeof(Node);
    from.tree_sizes = from.slots + header.slots * sizeof(Slot);
    from.rows = from.tree_sizes + header.trees * sizeof(uint32_t);
    from.categories = from.rows + header.nodes * sizeof(uint32_t);
    size_t numeric = (size_t)(from.categories - bytes);
    if (size < numeric || (size > numeric && has_magic(&header, NUMERIC))) return BAD_SIZE;
    from.categories_size = size - numeric;
    if (!(*model = calloc(1, sizeof(Model)))) return NO_MEMORY;
    int refusal = read_all(*model, &header, &from);
    if (refusal) {
        vigil_trees_free(*model);
        *model = NULL;
    }
    *features = header.features;
    return refusal;
}
