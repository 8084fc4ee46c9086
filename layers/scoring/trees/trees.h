/* Boosted trees of numeric splits, walked without branches and explained exactly.
 *
 * What Python calls is marked EXPORTED; everything else is shared by the files of this folder. A model is read-only
 * once it is loaded, and every call brings its own scratch memory, so calls from several threads need no lock.
 */
#ifndef VIGIL_TREES_H
#define VIGIL_TREES_H

#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

/* Why a table is refused; `vigil.prediction.engines.trees` has the words. */
enum { ACCEPTED, NO_MEMORY, BAD_HEADER, BAD_SIZE, BAD_SLOT, BAD_NODE, BAD_TREE, BAD_COVER, TOO_DEEP };

/* A leaf points to itself twice, so that a walk may take more steps than the leaf is deep. `value` is the threshold of
 * a split, and what a leaf adds to the score. `kid[1]` is taken if the slot's value is at most the threshold. */
typedef struct {
    double value;
    uint16_t slot;
    uint16_t kid[2];
    uint16_t zero;
} Node;

/* A feature together with what a split means by a missing value: a walk then needs one comparison and no more. */
typedef struct {
    uint16_t feature;
    uint16_t missing; /* MISSING_LEFT and ZERO_IS_MISSING, or neither */
} Slot;

enum { MISSING_LEFT = 1, ZERO_IS_MISSING = 2 };

/* The edge that leads to a node, for the explanation. Indices are within the tree; 0, the root, stands for "none". */
typedef struct {
    double cover; /* share of rows that take every edge of this feature from the root to here */
    double leaf;  /* value of the leaf at its end, or 0 */
    uint16_t parent;
    uint16_t earlier; /* the latest edge above with the same feature */
    uint16_t feature;
    uint16_t is_leaf;
} Edge;

typedef struct {
    uint32_t first; /* node */
    uint32_t nodes;
    uint32_t depth;
} Tree;

typedef struct {
    uint32_t features, slots, trees, nodes;
    uint32_t longest_tree; /* in nodes */
    uint32_t points;       /* of the quadrature */
    double base;           /* what the trees answer when no feature is known */
    Node *node;
    Slot *slot;
    Tree *tree;
    Edge *edge;      /* one for each node */
    double *inverse; /* for each node: two rows of `points`, see shapley.c */
} Model;

/* The sorted nodes in (0, 1) and weights of Gauss-Legendre quadrature, and what follows from them. */
typedef struct {
    double at[16], weight[16];
} Quadrature;

/* Allocates doubles in whole cache lines; NULL without memory. */
double *aligned(size_t doubles);

/* Writes the values of all slots for one row of features. */
void fill_slots(const Model *model, const double *row, double *slots);

/* Returns the number of points with which paths of so many distinct features are explained exactly. */
uint32_t points_for(uint32_t distinct_features);
const Quadrature *quadrature(uint32_t points);
void invert(const Model *model, uint32_t node, double *inverse);

#endif
