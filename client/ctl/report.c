/* What goes wrong is said in one line on stderr: what it was about, the sentence, and the stable
 * word. A second line follows when there is something to do about it. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "wire/text.h"

#define SENTENCE_MAX 768

/* clang-format off */
static const struct {
        const char *word;
        enum Exit code;
} exits[] = {
        { "daemon-unreachable", EXIT_UNREACHABLE },
        { "timed-out",          EXIT_UNREACHABLE },
};
/* clang-format on */

typedef struct Hint {
        const char *word;
        const char *socket; /* what to do when it was asked on the socket; NULL: nothing to say */
        const char *url;    /* and when by --url= */
} Hint;

/* clang-format off */
static const Hint hints[] = {
        { "daemon-unreachable",
          "is it running? See: systemctl status tokend",
          NULL },
        { "timed-out",
          "it runs, but does not answer. See: systemctl status tokend",
          NULL },
        { "access-denied",
          "beyond one's own, this takes root or a token of scope admin (--token-file=FILE)",
          "beyond one's own, this takes a token of scope admin (--token-file=FILE)" },
        { "invalid-client",
          NULL,
          "prove who you are by --token-file=FILE, or --client= and --client-secret-file=" },
        { "peer-untrusted",
          "nothing was sent: the socket or its folder is neither root's nor tokend's",
          "nothing was sent" },
};
/* clang-format on */

void complain(const char *thing, const char *word, const char *format, ...) {
        char sentence[SENTENCE_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(sentence, sizeof(sentence), format, arguments);
        va_end(arguments);
        fprintf(stderr, "tokenctl: %s%s%s", thing ?: "", thing ? ": " : "", sentence);
        if (word)
                fprintf(stderr, " (%s)", word);
        fputc('\n', stderr);
}

enum Exit exit_for(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(exits); i++)
                if (streq(exits[i].word, word))
                        return exits[i].code;
        return EXIT_FAILED;
}

static const char *hint_for(const Ctl *ctl, const char *word, int r) {
        bool by_url = option_is_given(&ctl->options, OPTION_URL);

        if (r == -EACCES && !by_url)
                return "you may not use this socket, or not enter a folder on the way to it";

        /* Nothing is left to root. */
        if (streq(word, "access-denied") && !by_url && geteuid() == 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(hints); i++)
                if (streq(hints[i].word, word))
                        return by_url ? hints[i].url : hints[i].socket;
        return NULL;
}

enum Exit complain_of_handle(const Ctl *ctl, const char *thing, int r) {
        const char *word = tokend_error_reason(ctl->handle);
        const char *hint = hint_for(ctl, word, r);

        complain(thing, word, "%s", tokend_error_message(ctl->handle));
        if (hint)
                fprintf(stderr, "tokenctl: %s\n", hint);
        return exit_for(word);
}

enum Exit complain_of_error(const char *thing, int error) {
        complain(thing, NULL, "%s", strerrordesc_np(error < 0 ? -error : error) ?: "unknown error");
        return EXIT_FAILED;
}

enum Exit complain_of_reply(const char *thing) {
        complain(thing, "reply-malformed", "%s", reason_to_sentence(REASON_REPLY_MALFORMED));
        return EXIT_FAILED;
}

enum Exit complain_of_password(const char *thing) {
        complain(thing, "invalid-value", "the password is not UTF-8");
        return EXIT_FAILED;
}

enum Exit complain_of_usage(const char *format, ...) {
        char sentence[SENTENCE_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(sentence, sizeof(sentence), format, arguments);
        va_end(arguments);
        fprintf(stderr, "tokenctl: %s\nTry: tokenctl --help\n", sentence);
        return EXIT_MISUSED;
}
