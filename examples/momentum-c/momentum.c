/* An example: a part of the move of the last `window_bars` bars is expected to go on.
 *
 * A view as CSV comes in on standard input, one prediction for each of its rows goes out on standard output.
 * C11 and its standard library alone. The formats are in docs/strategies.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 16, CLOSE_FIELD = 5 };

static void fail(const char *why) {
    fprintf(stderr, "momentum: %s\n", why);
    exit(1);
}

/* The start of field `number` of a row, counted from 0. */
static const char *field(const char *row, int number) {
    while (number-- > 0) {
        row = strchr(row, ',');
        if (row == NULL) fail("a row has too few fields");
        row++;
    }
    return row;
}

static size_t words(const char *text) {
    size_t count = 0;
    int inside = 0;
    for (; *text != '\0' && *text != '\n'; text++) {
        if (*text != ' ' && !inside) count++;
        inside = *text != ' ';
    }
    return count;
}

int main(void) {
    static char line[LINE_MAX_BYTES];
    size_t symbols = 0, window = 0;
    double skill = 0.0;

    /* Lines that begin with # state facts; the first one that does not is the header of the columns. */
    while (fgets(line, sizeof line, stdin) != NULL && line[0] == '#') {
        if (strncmp(line, "# symbols ", 10) == 0) symbols = words(line + 10);
        if (strncmp(line, "# parameter window_bars ", 24) == 0) window = strtoul(line + 24, NULL, 10);
        if (strncmp(line, "# parameter skill ", 18) == 0) skill = strtod(line + 18, NULL);
    }
    if (symbols == 0 || window == 0) fail("expected symbols and a window");

    /* The last `window` closes of every symbol: rows come bar by bar, in each bar symbol by symbol. 0 stands for none. */
    size_t held = symbols * window, row = 0;
    double *closes = calloc(held, sizeof *closes);
    if (closes == NULL) fail("no memory");

    puts("time,symbol,prediction");
    for (; fgets(line, sizeof line, stdin) != NULL; row++) {
        const char *text = field(line, CLOSE_FIELD);
        double close = *text == ',' ? 0.0 : strtod(text, NULL);
        double before = closes[row % held];
        closes[row % held] = close;
        printf("%.*s,", (int)(field(line, 2) - line - 1), line);
        if (close > 0.0 && before > 0.0)
            printf("%.17g\n", skill * (close / before - 1.0));
        else
            putchar('\n');
    }
    free(closes);
    return 0;
}
