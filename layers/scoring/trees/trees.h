/* Boosted trees, walked without branches and explained exactly.
 *
 * Functions marked EXPORTED are called by Python; all others are shared by the files of this folder. A loaded model is
 * read-only, and every call allocates its own scratch memory, so calls from several threads need no lock. */
#ifndef VIGIL_TREES_H
#define VIGIL_TREES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

/* Reasons for refusing a table; `vigil.prediction.engines.trees` has the messages. */
enum { ACCEPTED, NO_MEMORY, BAD_HEADER, BAD_SIZE, BAD_SLOT, BAD_NODE, BAD_TREE, BAD_COVER, TOO_DEEP, BAD_CATEGORY };

/* One node. A leaf has itself as both kids, so that a walk may take more steps than the leaf's depth. `value` is the
 * threshold of a split, or the term that a leaf adds to the score. `kid[1]` is taken if the slot's value is at most the
 * threshold. A table has the positions of kids in the tree, a loaded model their distances from the node. */
typedef struct {
    double value;
    uint16_t slot;
    uint16_t kid[2];
    uint16_t zero;
} Node;

/* A feature together with a set of categories, or with the meaning of a missing value, so that a walk needs only one
 * comparison. Slots of categories come first, in one run for each feature. */
typedef struct {
    uint16_t feature;
    uint16_t missing; /* MISSING_LEFT and ZERO_IS_MISSING, or 0; not read for a set of categories */
} Slot;

/* Largest absolute value that LightGBM treats as zero, in all numeric splits. */
#define ZERO 1.0000000180025095e-35
#define NEXT_BELOW_ZEROS -1.0000000180025096e-35

enum { MISSING_LEFT = 1, ZERO_IS_MISSING = 2 };

/* A feature that is split on sets of codes, and its run of slots. A slot is 0 if the row's code is in the set, else 1. */
typedef struct {
    uint32_t feature;
    uint32_t first; /* index of the first slot */
    uint32_t sets;  /* number of slots */
    uint32_t codes; /* codes are 0 to `codes` - 1 */
    uint8_t *outside; /* `codes` + 1 lines of `sets`; see categories.c */
} Category;

/* The edge that leads to a node, for explanations. Indices are within the tree; 0 (the root) means "none". */
typedef struct {
    double cover; /* share of rows that take every edge of this feature from the root to here */
    double leaf;  /* value of the leaf at its end, or 0 */
    uint16_t parent;
    uint16_t earlier; /* nearest edge above with the same feature */
    uint16_t feature;
    uint16_t is_leaf;
} Edge;

typedef struct {
    uint32_t first; /* index of the first node */
    uint32_t nodes;
    uint32_t depth;
} Tree;

typedef struct {
    uint32_t features, slots, trees, nodes;
    uint32_t longest_tree; /* in nodes */
    uint32_t points;       /* of the quadrature */
    uint32_t categories, category_slots;
    uint32_t zero_is_missing; /* in any slot */
    double base;           /* score of the trees if no feature is known */
    Node *node;
    Slot *slot;
    Category *category;
    Tree *tree;
    Edge *edge;      /* one for each node */
    double *inverse; /* for each node, two rows of `points`; see shapley.c */
} Model;

/* Nodes in (0, 1), sorted, and weights of a Gauss-Legendre quadrature. */
typedef struct {
    double at[16], weight[16];
} Quadrature;

/* Allocates doubles in whole cache lines; returns NULL if memory is exhausted. */
double *aligned(size_t doubles);

/* Returns the little-endian number at index `i`. */
static inline uint32_t number(const uint8_t *numbers, size_t i) {
    uint32_t value;
    memcpy(&value, numbers + i * sizeof value, sizeof value);
    return value;
}

/* Reads the categories of a model with slots; returns the reason of a refusal, or 0. */
int read_categories(Model *model, const uint8_t *section, size_t size);
void free_categories(Model *model);
void fill_category_slots(const Model *model, const double *row, double *slots);

/* Writes the values of all slots for one row of features. */
void fill_slots(const Model *model, const double *row, double *slots);

/* Returns the sum of the leaves for the slots of one row. Trees are added in their order, as LightGBM does, because the
 * last bit of the sum depends on the order. */
double walk(const Model *model, const double *slots);

void vigil_trees_free(Model *model);

/* Returns the number of quadrature points that explain paths of this many distinct features exactly. */
uint32_t points_for(uint32_t distinct_features);
const Quadrature *quadrature(uint32_t points);
void invert(const Model *model, uint32_t node, double *inverse);

#endif
