/* The module's arguments, one a line: what is taken are options that exist, with values that make
 * sense; and whatever is written to the log about one is a line of printable ASCII. */

#include "fuzz.h"

#include <errno.h>

#include "pam-options.h"
#include "pam/report.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define ARGUMENTS_MAX 64

static bool exists(const char *word) {
        return strncmp(word, "socket=/", 8) == 0 || strncmp(word, "timeout=", 8) == 0 ||
               strncmp(word, "min_uid=", 8) == 0 || streq(word, "debug") ||
               streq(word, "use_first_pass") || streq(word, "try_first_pass");
}

static void check_options(const PamOptions *options) {
        static const uid_t never[] = { 61184, 65519, 65534, 65535, 0x80000000U, UINT32_MAX };

        fuzz_check(options->socket_path[0] == '/');
        fuzz_check(options->timeout_msec > 0 && options->timeout_msec <= LOGIN_TIMEOUT_MAX_MSEC);
        for (size_t i = 0; i < ELEMENTSOF(never); i++)
                fuzz_check(!pam_options_permit_uid(options, never[i]));
        fuzz_check(options->min_uid == 0 || !pam_options_permit_uid(options, options->min_uid - 1));
}

static void check_log(const char *word) {
        char line[128];

        escape_for_log(word, line, sizeof(line));
        fuzz_check(strlen(line) < sizeof(line));
        for (const char *c = line; *c; c++)
                fuzz_check(*c >= ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        const char *argv[ARGUMENTS_MAX], *bad = NULL;
        PamOptions options = { 0 };
        char *rest = text;
        int argc = 0;

        while (rest && argc < ARGUMENTS_MAX)
                argv[argc++] = strsep(&rest, "\n");
        int r = pam_options_parse(argc, argv, &options, &bad);
        fuzz_check(r == 0 || (r == -EINVAL && bad && !options.socket_path));
        for (int i = 0; i < argc; i++) {
                check_log(argv[i]);
                fuzz_check(r < 0 || exists(argv[i]));
        }
        if (r == 0)
                check_options(&options);
        return 0;
}
