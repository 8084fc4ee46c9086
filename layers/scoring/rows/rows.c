/* Reads a line of CSV or NDJSON into a feature vector, if the line is valid beyond doubt.
 *
 * Python parses every other line and reports its errors; this library never guesses. A number becomes the nearest
 * double, as in Python. `vigil.decisions.batches.fast_rows` fills the columns.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

/* A value with one fixed text: a category, true, false, null, or an empty cell. */
typedef struct {
    const char *text;
    size_t length;
    double value;
} Word;

typedef struct {
    const char *key; /* JSON key with its quotes */
    size_t key_length;
    const Word *word;
    size_t words;
    double low, high; /* range of numbers; no numbers if `low` is above `high` */
    uint32_t place;   /* index in the feature vector, or NAME */
    uint8_t whole;    /* numbers must be integers */
    uint8_t exact;    /* space around a CSV cell is part of its value */
    uint8_t optional; /* the member may be missing in an object */
} Column;

static const uint32_t NAME = UINT32_MAX; /* the subject id: its offsets are returned, its value is not parsed */
static const uint64_t NOT_PLAIN = 0;
enum { LONGEST_NUMBER = 63 };
enum { MOST_DIGITS = 19, MOST_PLACES = 4 }; /* of a number and its exponent; both fit an integer */

/* Powers of ten that are exact doubles. One operation with an integer up to 2^53 rounds once, to the nearest double. */
static const double POWER[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { HIGHEST_POWER = 22 };

/* Bits of a member that is not read yet: a NaN that differs from NAN and from every number. */
static const uint64_t ABSENT = 0x7ff8a65e00000001;

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static int ends_value(char c) { return c == ',' || c == '}' || is_space(c); }

static const char *skip(const char *at, const char *end) {
    while (at < end && is_space(*at)) at++;
    return at;
}

static const char *digits(const char *at, const char *end, uint64_t *value) {
    for (; at < end && is_digit(*at); at++) *value = *value * 10 + (uint64_t)(*at - '0');
    return at;
}

/* Returns the nearest double, or NAN for a too long text. Python leaves LC_NUMERIC at "C", so the point is ".". */
static double nearest(const char *start, const char *end) {
    char text[LONGEST_NUMBER + 1];
    if (end - start > LONGEST_NUMBER) return NAN;
    memcpy(text, start, (size_t)(end - start));
    text[end - start] = 0;
    return strtod(text, NULL);
}

/* Reads a JSON number. Returns its end, or NULL if there is none. A number that is too long gives NAN. */
static const char *number(const char *start, const char *end, double *out) {
    int negative = start < end && *start == '-', lowered = 0;
    uint64_t value = 0, exponent = 0;
    const char *first = start + negative, *at = digits(first, end, &value);
    ptrdiff_t whole = at - first, decimals = 0, places = 0;
    if (!whole || (whole > 1 && *first == '0')) return NULL;
    if (at < end && *at == '.') {
        at = digits(first = at + 1, end, &value);
        if (!(decimals = at - first)) return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        lowered = ++at < end && *at == '-';
        first = at + (at < end && (*at == '-' || *at == '+'));
        at = digits(first, end, &exponent);
        if (!(places = at - first)) return NULL;
    }
    if (negative && !value) return NULL; /* negative zero: Python decides if it keeps the sign */
    int64_t shift = 0;
    int counted = whole + decimals <= MOST_DIGITS && places <= MOST_PLACES && value <= 1ull << 53;
    if (counted) shift = (lowered ? -(int64_t)exponent : (int64_t)exponent) - decimals;
    if (!counted || shift < -HIGHEST_POWER || shift > HIGHEST_POWER) {
        *out = nearest(start, at);
    } else {
        double exact = shift < 0 ? (double)value / POWER[-shift] : (double)value * POWER[shift];
        *out = negative ? -exact : exact;
    }
    return at;
}

/* Reads a value of a column. Returns its end, or NULL for an invalid value. */
static const char *value(const Column *column, const char *at, const char *end, double *out) {
    if (column->low <= column->high && at < end && (*at == '-' || is_digit(*at))) {
        double read;
        at = number(at, end, &read);
        if (!at || !(read >= column->low && read <= column->high) || (column->whole && read != floor(read))) return NULL;
        *out = read;
        return at;
    }
    for (size_t i = 0; i < column->words; i++) {
        const Word *word = column->word + i;
        if ((size_t)(end - at) >= word->length && !memcmp(at, word->text, word->length) &&
            (at + word->length == end || ends_value(at[word->length]))) {
            *out = word->value;
            return at + word->length;
        }
    }
    return NULL;
}

/* Returns the end of a subject id that CSV and JSON write without quotes or escapes. */
static const char *name_end(const char *at, const char *end) {
    while (at < end && *at > ' ' && *at < 0x7f && *at != '"' && *at != '\\' && *at != ',') at++;
    return at;
}

static uint64_t pack_offsets(const char *line, const char *start, const char *end) {
    return (uint64_t)(start - line) << 32 | (uint64_t)(end - line);
}

/* Reads a line of CSV without quotes; its cells are the columns in order. Returns the start offset of the subject id in
 * the upper 32 bits and its end offset in the lower ones; or NOT_PLAIN. */
EXPORTED uint64_t vigil_rows_table(const Column *columns, size_t count, const char *line, size_t length, double *row) {
    const char *at = line, *end = line + length;
    uint64_t name = NOT_PLAIN;
    for (const Column *column = columns; column < columns + count; column++) {
        if (column > columns && (at == end || *at++ != ',')) return NOT_PLAIN;
        if (column->place == NAME) {
            const char *start = at;
            at = name_end(start, end);
            name = pack_offsets(line, start, at);
            continue;
        }
        const char *cell = column->exact ? at : skip(at, end);
        const char *behind = value(column, cell, end, row + column->place);
        if (!behind || (behind == cell && cell > at)) return NOT_PLAIN; /* a cell of spaces is not an empty cell */
        at = column->exact ? behind : skip(behind, end);
    }
    return at == end ? name : NOT_PLAIN;
}

/* Skips space, one required character, and space. Returns NULL if the character is missing. */
static const char *past(const char *at, const char *end, char wanted) {
    at = skip(at, end);
    return at < end && *at == wanted ? skip(at + 1, end) : NULL;
}

static const char *past_text(const char *at, const char *end, const char *text, size_t length) {
    return (size_t)(end - at) >= length && !memcmp(at, text, length) ? past(at + length, end, ':') : NULL;
}

/* Finds the column of the key at `*at`, usually the next one, and moves `*at` past the colon. Returns NULL if none. */
static const Column *keyed(const Column *columns, size_t count, size_t next, const char **at, const char *end) {
    for (size_t i = 0; i < count; i++) {
        const Column *column = columns + (next + i) % count;
        const char *behind = past_text(*at, end, column->key, column->key_length);
        if (behind) {
            *at = behind;
            return column;
        }
    }
    return NULL;
}

static int is_absent(const double *place) { return !memcmp(place, &ABSENT, sizeof ABSENT); }

/* Reads an object of features, each at most once. Returns its end, or NULL. */
static const char *features(const Column *columns, size_t count, const char *at, const char *end, double *row) {
    for (size_t i = 0; i < count; i++) memcpy(row + i, &ABSENT, sizeof ABSENT);
    if (!(at = past(at, end, '{'))) return NULL;
    size_t next = 0;
    for (int first = 1; at < end && (*at != '}' || !first); first = 0) {
        if (!first && !(at = past(at, end, ','))) return NULL;
        const Column *column = keyed(columns, count, next, &at, end);
        if (!column || !is_absent(row + column->place)) return NULL;
        if (!(at = value(column, at, end, row + column->place))) return NULL;
        at = skip(at, end);
        if (at < end && *at == '}') break;
        next = (size_t)(column - columns) + 1;
    }
    for (const Column *column = columns; column < columns + count; column++) {
        if (!is_absent(row + column->place)) continue;
        if (!column->optional) return NULL;
        row[column->place] = NAN;
    }
    return past(at, end, '}');
}

/* Reads a line of NDJSON with exactly a subject id and features. Returns the offsets as `vigil_rows_table` does. */
EXPORTED uint64_t vigil_rows_object(const Column *columns, size_t count, const char *line, size_t length, double *row) {
    static const char subject[] = "\"subject_id\"", inputs[] = "\"features\"";
    const char *end = line + length, *at = past(line, end, '{'), *behind;
    uint64_t name = NOT_PLAIN;
    for (int member = 0; member < 2; member++) {
        if (member && at) at = past(at, end, ',');
        if (!at) return NOT_PLAIN;
        if (!name && (behind = past_text(at, end, subject, sizeof subject - 1)) && behind < end && *behind == '"') {
            at = name_end(behind + 1, end);
            name = pack_offsets(line, behind + 1, at);
            at = at < end && *at == '"' ? skip(at + 1, end) : NULL;
        } else if ((behind = past_text(at, end, inputs, sizeof inputs - 1))) {
            at = features(columns, count, behind, end, row);
        } else {
            return NOT_PLAIN;
        }
    }
    return at && past(at, end, '}') == end ? name : NOT_PLAIN;
}
