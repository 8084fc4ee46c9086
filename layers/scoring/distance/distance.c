/* Mahalanobis distance of a row, with exact sums: the bits of `math.fsum` in Python.
 *
 * A sum is stored as components that do not overlap (Shewchuk 1997, "Adaptive precision floating-point arithmetic").
 * Their exact sum is rounded once, so that the result does not depend on the order or on the machine. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))

/* The exact sum of all terms so far; components grow in magnitude, and none is zero. */
typedef struct {
    double *component;
    size_t count;
} Sum;

/* Returns the rounded sum of two numbers and writes the exact rounding error (Knuth's two-sum). */
static inline double two_sum(double a, double b, double *error) {
    const double sum = a + b, b_part = sum - a;
    *error = (a - (sum - b_part)) + (b - b_part);
    return sum;
}

static inline void add(Sum *sum, double term) {
    size_t kept = 0;
    for (size_t i = 0; i < sum->count; i++) {
        double error;
        term = two_sum(term, sum->component[i], &error);
        sum->component[kept] = error;
        kept += error != 0;
    }
    sum->component[kept] = term;
    sum->count = kept + (term != 0);
}

/* Returns the nearest double; a tie goes to the even one. */
static double rounded(const Sum *sum) {
    size_t left = sum->count;
    if (!left) return 0;
    double total = sum->component[--left], error = 0;
    while (left && error == 0) total = two_sum(total, sum->component[--left], &error);
    /* An error of half a unit was a tie, which the next component breaks. */
    if (left && ((error < 0) == (sum->component[left - 1] < 0))) {
        const double twice = 2 * error, other = total + twice;
        if (other - total == twice) total = other;
    }
    return total;
}

/* Returns the rounded sum of the products of two rows. Most sums fit three components, which need no branch; a sum that
 * loses something of them is added again. `spare` has space for `width` + 3 components. */
static double dot(const double *a, const double *b, size_t width, double *spare) {
    double high = 0, middle = 0, low = 0, lost = 0, error;
    for (size_t k = 0; k < width; k++) {
        high = two_sum(high, a[k] * b[k], &error);
        middle = two_sum(middle, error, &error);
        low = two_sum(low, error, &error);
        lost += fabs(error);
    }
    Sum sum = {.component = spare};
    if (lost == 0) {
        add(&sum, low);
        add(&sum, middle);
        add(&sum, high);
    } else {
        for (size_t k = 0; k < width; k++) add(&sum, a[k] * b[k]);
    }
    return rounded(&sum);
}

/* Returns the sum of the squares of the products of a row with the lines of a lower triangular matrix. The result is not
 * finite if memory is exhausted or a sum overflows. */
EXPORTED double vigil_distance_squared(const double *line, const double *row, size_t width) {
    double *white = malloc((2 * width + 3) * sizeof(double)), *spare = white + width;
    if (!white) return INFINITY;
    for (size_t i = 0; i < width; line += ++i) white[i] = dot(line, row, i + 1, spare);
    const double squared = dot(white, white, width, spare);
    free(white);
    return squared;
}
