/* The words and sentences of the defined refusals, from the one list in reason.h. */

#include "wire/reason.h"

#include <stddef.h>
#include <string.h>

typedef struct ReasonRow {
        const char *word;
        const char *sentence;
} ReasonRow;

static const ReasonRow rows[_REASON_MAX] = {
#define X(name, word, sentence) [REASON_##name] = { word, sentence },
        REASONS(X)
#undef X
};

const char *reason_to_string(int reason) {
        return reason > REASON_NONE && reason < _REASON_MAX ? rows[reason].word : NULL;
}

const char *reason_to_sentence(int reason) {
        return reason > REASON_NONE && reason < _REASON_MAX ? rows[reason].sentence : NULL;
}

enum Reason reason_from_string(const char *word) {
        for (int reason = REASON_NONE + 1; word && reason < _REASON_MAX; reason++)
                if (strcmp(rows[reason].word, word) == 0)
                        return reason;
        return REASON_NONE;
}
