/* The walk through a stack. Nothing is a yes until a module whose answer counts said so. */

#include "ctl/pam-stack.h"

/* libpam gives up at 16 substacks in each other; a file that is deeper was refused when it was
 * read.
 */
#define LEVELS_MAX 32

enum Impression { UNDECIDED, POSITIVE, NEGATIVE };

typedef struct State {
        enum Impression impression;
        enum PamCode status;
} State;

typedef struct Walk {
        const PamConfig *config;
        enum PamType type;
        State state;
        State entered[LEVELS_MAX]; /* as it was when the substack began */
        size_t at;
} Walk;

/* The next line of the walk's type behind i; n_lines: there is none. */
static size_t next_line(const Walk *walk, size_t i) {
        do
                i++;
        while (i < walk->config->n_lines && walk->config->lines[i].type != walk->type);
        return i;
}

/* -1 behind the end. */
static int level_of(const Walk *walk, size_t i) {
        return i < walk->config->n_lines ? (int)walk->config->lines[i].level : -1;
}

/* A decision within a substack ends that alone. */
static void skip_rest(Walk *walk, int level) {
        while (level_of(walk, next_line(walk, walk->at)) >= level)
                walk->at = next_line(walk, walk->at);
}

static bool skip_lines(Walk *walk, int level, int n) {
        while (n > 0 && level_of(walk, next_line(walk, walk->at)) >= level) {
                /* A substack with all that is in it counts as one. */
                do
                        walk->at = next_line(walk, walk->at);
                while (level_of(walk, next_line(walk, walk->at)) > level);
                n--;
        }
        return n == 0;
}

static void accept(State *state, enum PamCode code) {
        if (state->impression == UNDECIDED ||
            (state->impression == POSITIVE && state->status == PAM_CODE_SUCCESS))
                *state = (State){ POSITIVE, code };
}

static void deny(State *state, enum PamCode code) {
        if (state->impression != NEGATIVE)
                *state = (State){ NEGATIVE, code == PAM_CODE_IGNORE ? PAM_CODE_PERM_DENIED : code };
}

static void act(Walk *walk, int action, enum PamCode code, int level) {
        switch (action) {
        case PAM_ACTION_IGNORE:
                return;
        case PAM_ACTION_RESET:
                walk->state = walk->entered[level];
                return;
        case PAM_ACTION_OK:
                accept(&walk->state, code);
                return;
        case PAM_ACTION_DONE:
                accept(&walk->state, code);
                if (walk->state.impression == POSITIVE)
                        skip_rest(walk, level);
                return;
        case PAM_ACTION_BAD:
                deny(&walk->state, code);
                return;
        case PAM_ACTION_DIE:
                deny(&walk->state, code);
                skip_rest(walk, level);
                return;
        default:
                /* Over the end of its stack: libpam calls that a bad jump. */
                if (!skip_lines(walk, level, action))
                        walk->state = (State){ NEGATIVE, PAM_CODE_PERM_DENIED };
        }
}

enum PamCode pam_stack_run(const PamConfig *config, enum PamType type, PamAnswer answer,
                           PamWitness witness, void *userdata) {
        Walk walk = {
                .config = config,
                .type = type,
                .state = { UNDECIDED, PAM_CODE_PERM_DENIED },
                .at = (size_t)-1,
        };
        int before = 0;

        walk.entered[0] = walk.state;
        for (walk.at = next_line(&walk, walk.at); walk.at < config->n_lines;
             walk.at = next_line(&walk, walk.at)) {
                const PamLine *line = &config->lines[walk.at];
                int level = line->level < LEVELS_MAX ? (int)line->level : LEVELS_MAX - 1;
                enum PamCode code;

                if (level > before)
                        walk.entered[level] = walk.state;
                before = level;
                if (line->is_substack)
                        continue;
                code = answer(line, userdata);
                if (witness)
                        witness(line, code, line->actions[code], userdata);
                act(&walk, line->actions[code], code, level);
        }
        if (walk.state.status == PAM_CODE_SUCCESS && walk.state.impression != POSITIVE)
                return PAM_CODE_PERM_DENIED;
        return walk.state.status;
}
