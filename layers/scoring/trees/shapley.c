/* Explains rows: path-dependent TreeSHAP (Lundberg et al. 2018, arXiv:1802.03888), as an integral.
 *
 * On the path to a leaf of value v, let z be the share of rows that follow a feature's splits, and let o be 1 if this
 * row follows them, otherwise 0. The Shapley weights are the moments of a uniform variable. The contribution of
 * feature i is therefore
 *
 *     v * (o_i - z_i) * integral over t from 0 to 1 of the product over the other features of G(o, z),
 *     G(o, z) = o * t + z * (1 - t).
 *
 * The degree of the product in t is one less than the number of features on the path. Gauss-Legendre quadrature with
 * n points integrates it exactly for up to 2 n features. The product over a path is the parent's product times one
 * factor. The leaves below an edge contribute the sum of their products times one term to the edge's feature. Two
 * passes over the edges are enough; the classic algorithm does quadratic work for each leaf.
 *
 * If the feature of an edge occurred further up, the edge replaces that feature's factor: G is divided by the earlier
 * factor, and the earlier term is subtracted. The root serves as "no earlier edge", with factor 1 and term 0.
 */
#include "trees.h"

#include <stdlib.h>
#include <string.h>

static const Quadrature FOUR = {
    {0.06943184420297371, 0.33000947820757187, 0.6699905217924281, 0.9305681557970263},
    {0.17392742256872692, 0.32607257743127305, 0.32607257743127305, 0.17392742256872692},
};
static const Quadrature EIGHT = {
    {0.019855071751231884, 0.10166676129318664, 0.2372337950418355, 0.4082826787521751, 0.591717321247825,
     0.7627662049581645, 0.8983332387068134, 0.9801449282487681},
    {0.05061426814518813, 0.11119051722668724, 0.15685332293894363, 0.181341891689181, 0.181341891689181,
     0.15685332293894363, 0.11119051722668724, 0.05061426814518813},
};
static const Quadrature SIXTEEN = {
    {0.005299532504175033, 0.02771248846338371, 0.06718439880608412, 0.12229779582249849, 0.19106187779867811,
     0.2709916111713863, 0.35919822461037054, 0.4524937450811813, 0.5475062549188188, 0.6408017753896295,
     0.7290083888286137, 0.8089381222013219, 0.8777022041775016, 0.9328156011939158, 0.9722875115366163,
     0.994700467495825},
    {0.013576229705877048, 0.031126761969323947, 0.04757925584124639, 0.06231448562776694, 0.07479799440828837,
     0.08457825969750127, 0.09130170752246179, 0.09472530522753425, 0.09472530522753425, 0.09130170752246179,
     0.08457825969750127, 0.07479799440828837, 0.06231448562776694, 0.04757925584124639, 0.031126761969323947,
     0.013576229705877048},
};

uint32_t points_for(uint32_t distinct_features) { return distinct_features <= 8 ? 4 : distinct_features <= 16 ? 8 : 16; }

const Quadrature *quadrature(uint32_t points) { return points == 4 ? &FOUR : points == 8 ? &EIGHT : &SIXTEEN; }

double *aligned(size_t doubles) { return aligned_alloc(64, (doubles * sizeof(double) + 63) / 64 * 64); }

/* Writes 1 / G(0, cover), then 1 / G(1, cover). */
void invert(const Model *model, uint32_t node, double *inverse) {
    const Edge *edge = model->edge + node;
    const Quadrature *points = quadrature(model->points);
    for (uint32_t on = 0; on < 2; on++)
        for (uint32_t k = 0; k < model->points; k++)
            inverse[on * model->points + k] = 1 / (on * points->at[k] + edge->cover * (1 - points->at[k]));
}

/* Scratch memory of one call: a row of `points` for each node of the largest tree; `total` has one for each feature. */
typedef struct {
    double *slots, *product, *below, *term, *total;
    uint8_t *on; /* 1 if the row follows every edge of the feature up to here */
} Scratch;

/* Computes the factor and the term of an edge. `on` is 1 if the row follows this edge and all edges above of the same
 * feature, otherwise 0. */
INLINE void enter(
    const Edge *edge, double on, const Quadrature *q, const uint32_t points, const double *restrict mine,
    const double *restrict earlier, const double *restrict above, double *restrict product, double *restrict below,
    double *restrict term
) {
    const double cover = edge->cover, leaf = edge->leaf;
    for (uint32_t k = 0; k < points; k++) {
        double factor = on * q->at[k] + cover * (1 - q->at[k]);
        double here = above[k] * (factor * earlier[k]);
        product[k] = here;
        below[k] = leaf * here;
        term[k] = q->weight[k] * (on - cover) * mine[k];
    }
}

INLINE void down(const Model *model, const Tree *tree, Scratch *use, const Quadrature *q, const uint32_t points) {
    const Edge *edges = model->edge + tree->first;
    const double *inverse = model->inverse + (size_t)2 * points * tree->first;
    for (uint32_t i = 0; i < tree->nodes; i++) {
        if (edges[i].is_leaf) continue;
        const Node *split = model->node + tree->first + i;
        const uint32_t taken = use->slots[split->slot] <= split->value, before = edges[i + split->kid[0]].earlier;
        const uint32_t was_on = use->on[before];
        for (uint32_t side = 0; side < 2; side++) {
            const uint32_t kid = i + split->kid[side], on = was_on & (taken == side);
            use->on[kid] = (uint8_t)on;
            enter(
                edges + kid, (int)on, q, points, inverse + (size_t)points * (2 * kid + on),
                inverse + (size_t)points * (2 * before + was_on), use->product + (size_t)points * i,
                use->product + (size_t)points * kid, use->below + (size_t)points * kid,
                use->term + (size_t)points * kid
            );
        }
    }
}

INLINE void leave(
    const uint32_t points, const double *restrict below0, const double *restrict below1, const double *restrict term0,
    const double *restrict term1, const double *restrict earlier, double *restrict total, double *restrict below
) {
    for (uint32_t k = 0; k < points; k++) {
        total[k] += below0[k] * (term0[k] - earlier[k]) + below1[k] * (term1[k] - earlier[k]);
        below[k] = below0[k] + below1[k];
    }
}

INLINE void up(const Model *model, const Tree *tree, Scratch *use, const uint32_t points) {
    const Edge *edges = model->edge + tree->first;
    for (uint32_t i = tree->nodes; i-- > 0;) {
        if (edges[i].is_leaf) continue;
        const uint16_t *distance = model->node[tree->first + i].kid;
        const uint32_t kid[2] = {i + distance[0], i + distance[1]};
        leave(
            points, use->below + (size_t)points * kid[0], use->below + (size_t)points * kid[1],
            use->term + (size_t)points * kid[0], use->term + (size_t)points * kid[1],
            use->term + (size_t)points * edges[kid[0]].earlier, use->total + (size_t)points * edges[kid[0]].feature,
            use->below + (size_t)points * i
        );
    }
}

INLINE void explain(const Model *model, Scratch *use, const uint32_t points) {
    const Quadrature q = *quadrature(points);
    for (uint32_t k = 0; k < points; k++) {
        use->product[k] = 1;
        use->below[k] = 0;
        use->term[k] = 0;
    }
    use->on[0] = 1;
    for (uint32_t t = 0; t < model->trees; t++) {
        down(model, model->tree + t, use, &q, points);
        up(model, model->tree + t, use, points);
    }
}

static double *carve(double **from, size_t doubles) {
    double *piece = *from;
    *from += doubles;
    return piece;
}

/* Writes the contribution of each feature, then the base value; returns NO_MEMORY or 0. */
EXPORTED int vigil_trees_explain(const Model *model, const double *row, double *contributions) {
    size_t per_node = (size_t)model->points * model->longest_tree, per_feature = (size_t)model->points * model->features;
    double *memory = aligned(3 * per_node + per_feature + model->slots + model->longest_tree / sizeof(double) + 1);
    if (!memory) return NO_MEMORY;
    double *next = memory;
    Scratch use;
    use.product = carve(&next, per_node);
    use.below = carve(&next, per_node);
    use.term = carve(&next, per_node);
    use.total = carve(&next, per_feature);
    use.slots = carve(&next, model->slots);
    use.on = (uint8_t *)next;
    memset(use.total, 0, per_feature * sizeof(double));
    fill_slots(model, row, use.slots);
    if (model->points == 4) explain(model, &use, 4);
    else if (model->points == 8) explain(model, &use, 8);
    else explain(model, &use, 16);
    for (uint32_t f = 0; f < model->features; f++) {
        contributions[f] = 0;
        for (uint32_t k = 0; k < model->points; k++) contributions[f] += use.total[(size_t)model->points * f + k];
    }
    contributions[model->features] = model->base;
    free(memory);
    return ACCEPTED;
}
