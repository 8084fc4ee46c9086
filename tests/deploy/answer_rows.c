/* Prints what the trees of a table answer to rows, as raw doubles: `answer_rows TABLE ROWS`. */
#include <stdio.h>
#include <stdlib.h>

#include "trees.h"

int vigil_trees_load(const uint8_t *, size_t, Model **, uint32_t *);
double vigil_trees_score(const Model *, const double *);
int vigil_trees_score_rows(const Model *, const double *, size_t, double *);
int vigil_trees_explain(const Model *, const double *, double *);

static size_t read_all(const char *name, uint8_t *into, size_t most) {
    FILE *file = fopen(name, "rb");
    size_t size = file ? fread(into, 1, most, file) : 0;
    if (file) fclose(file);
    return size;
}

int main(int count, char **names) {
    static uint8_t table[1 << 22];
    static double rows[1 << 18], scores[1 << 16], values[1 << 10];
    Model *model;
    uint32_t width;
    if (count != 3 || vigil_trees_load(table, read_all(names[1], table, sizeof table), &model, &width)) return 1;
    size_t n = read_all(names[2], (uint8_t *)rows, sizeof rows) / sizeof(double) / width;
    if (vigil_trees_score_rows(model, rows, n, scores)) return 2;
    fwrite(scores, sizeof *scores, n, stdout);
    for (size_t i = 0; i < n; i++) {
        values[width + 1] = vigil_trees_score(model, rows + i * width);
        if (vigil_trees_explain(model, rows + i * width, values)) return 3;
        fwrite(values, sizeof *values, width + 2, stdout);
    }
    return 0;
}
