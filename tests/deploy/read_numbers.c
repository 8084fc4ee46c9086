/* Prints what a number of each line of a file is, as a raw double: `read_numbers FILE`. Exits with 1 if one is not. */
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "rows.c"

int main(int count, char **names) {
    static char line[1 << 10];
    const Column columns[] = {{.place = NAME}, {.low = -DBL_MAX, .high = DBL_MAX}};
    FILE *file = count == 2 ? fopen(names[1], "rb") : NULL;
    if (!file) return 2;
    while (fgets(line, sizeof line, file)) {
        double value;
        if (!vigil_rows_table(columns, 2, line, strcspn(line, "\n"), &value)) return 1;
        fwrite(&value, sizeof value, 1, stdout);
    }
    return 0;
}
