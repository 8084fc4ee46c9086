/* Splits on categories: reads their sets of codes, and fills their slots for a row.
 *
 * LightGBM sends a row to the left if the code of its category is in the set of the split. Many splits share a feature,
 * so each feature has a matrix with one line for each code: 0 for each set that contains the code, otherwise 1. Filling
 * the slots of a feature is one copy of the line of the row's code. Walks and explanations then compare every slot with
 * a threshold, and do not know categories. */
#include "trees.h"

#include <stdlib.h>

enum { MOST_MEMBERS = 1 << 24 }; /* bytes of all matrices */

typedef struct {
    const uint8_t *next;
    size_t left; /* in bytes */
} Reader;

/* Returns the next 32-bit numbers, or NULL if fewer are left. */
static const uint8_t *take(Reader *from, uint64_t numbers) {
    const uint8_t *taken = from->next;
    if (numbers > from->left / sizeof(uint32_t)) return NULL;
    from->next += numbers * sizeof(uint32_t);
    from->left -= numbers * sizeof(uint32_t);
    return taken;
}

/* Writes the column of a set. The last line is that of a value without a code, which is in no set. */
static void write_column(const Category *category, uint32_t set, const uint8_t *words) {
    uint8_t *column = category->outside + set;
    for (uint32_t code = 0; code < category->codes; code++)
        column[(size_t)code * category->sets] = !(number(words, code / 32) >> code % 32 & 1);
    column[(size_t)category->codes * category->sets] = 1;
}

static int has_slots(const Model *model, const Category *category) {
    for (uint32_t i = 0; i < category->sets; i++)
        if (model->slot[category->first + i].feature != category->feature) return 0;
    return 1;
}

static int read_category(Model *model, Category *category, Reader *from, size_t *members) {
    const uint8_t *sizes = take(from, 2);
    if (!sizes) return BAD_SIZE;
    uint32_t first = model->category_slots, sets = number(sizes, 0), codes = number(sizes, 1);
    if (!sets || !codes || sets > model->slots - first || codes > MOST_MEMBERS / sets - 1) return BAD_CATEGORY;
    *category = (Category){.feature = model->slot[first].feature, .first = first, .sets = sets, .codes = codes};
    *members += (size_t)sets * (codes + 1);
    if (!has_slots(model, category) || *members > MOST_MEMBERS) return BAD_CATEGORY;
    const uint32_t words = (codes + 31) / 32;
    const uint8_t *set = take(from, (uint64_t)sets * words);
    if (!set) return BAD_SIZE;
    if (!(category->outside = malloc((size_t)sets * (codes + 1)))) return NO_MEMORY;
    for (uint32_t i = 0; i < sets; i++) write_column(category, i, set + (size_t)i * words * sizeof(uint32_t));
    model->category_slots += sets;
    return ACCEPTED;
}

int read_categories(Model *model, const uint8_t *section, size_t size) {
    Reader from = {section, size};
    const uint8_t *count = take(&from, 1);
    if (!count) return BAD_SIZE;
    if (number(count, 0) > model->slots) return BAD_CATEGORY;
    size_t members = 0;
    model->category = calloc(model->slots, sizeof(Category));
    if (!model->category) return NO_MEMORY;
    for (model->categories = 0; model->categories < number(count, 0); model->categories++) {
        int refusal = read_category(model, model->category + model->categories, &from, &members);
        if (refusal) return refusal;
    }
    return from.left ? BAD_SIZE : ACCEPTED;
}

void free_categories(Model *model) {
    for (uint32_t c = 0; c < model->categories; c++) free(model->category[c].outside);
    free(model->category);
}

void fill_category_slots(const Model *model, const double *row, double *slots) {
    for (uint32_t c = 0; c < model->categories; c++) {
        const Category *category = model->category + c;
        const double value = row[category->feature];
        /* The fraction is cut off, so -0.5 is code 0. NaN and every other value without a code are in no set. */
        const uint32_t code = value > -1 && value < category->codes ? (uint32_t)(int32_t)value : category->codes;
        const uint8_t *restrict outside = category->outside + (size_t)code * category->sets;
        double *restrict first = slots + category->first;
        for (uint32_t i = 0; i < category->sets; i++) first[i] = outside[i];
    }
}
