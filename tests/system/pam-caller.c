/* A login from beginning to end by one process, as su makes it; the tests install it set-uid root.
 *
 *     pam-caller SERVICE USER <PASSWORD
 *
 * Prints each function's code, the PAM environment, and what the login changed in this process. */

#include <dirent.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

typedef struct Shape {
        char *environment;
        size_t environment_size;
        struct sigaction actions[65];
        sigset_t mask;
        mode_t umask;
        char folder[4096];
        int n_descriptors;
} Shape;

static void no_delay(int code, unsigned usec, void *userdata) {
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        *ret = calloc((size_t)n, sizeof(**ret));
        if (!*ret)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++) {
                printf("prompt %d: %s\n", messages[i]->msg_style, messages[i]->msg);
                (*ret)[i].resp = strdup(userdata);
        }
        return PAM_SUCCESS;
}

static void shape_take(Shape *shape) {
        FILE *file = open_memstream(&shape->environment, &shape->environment_size);

        for (char **variable = environ; *variable; variable++)
                fprintf(file, "%p %s%c", (void *)*variable, *variable, '\0');
        fclose(file);
        for (int number = 1; number < 65; number++)
                sigaction(number, NULL, &shape->actions[number]);
        sigprocmask(SIG_SETMASK, NULL, &shape->mask);
        shape->umask = umask(0);
        umask(shape->umask);
        if (!getcwd(shape->folder, sizeof(shape->folder)))
                shape->folder[0] = '\0';
        DIR *folder = opendir("/proc/self/fd");
        while (folder && readdir(folder))
                shape->n_descriptors++;
        closedir(folder);
}

static void shape_compare(const Shape *a, const Shape *b) {
        const char *changed = "nothing";

        for (int number = 1; number < 65; number++)
                if (a->actions[number].sa_handler != b->actions[number].sa_handler ||
                    sigismember(&a->mask, number) != sigismember(&b->mask, number))
                        changed = "signals";
        if (a->environment_size != b->environment_size ||
            memcmp(a->environment, b->environment, a->environment_size) != 0)
                changed = "environment";
        if (a->umask != b->umask || strcmp(a->folder, b->folder) != 0)
                changed = "umask or folder";
        if (a->n_descriptors != b->n_descriptors)
                changed = "descriptors";
        printf("changed: %s\n", changed);
}

static void log_in(pam_handle_t *pamh) {
        static const struct {
                const char *name;
                int (*call)(pam_handle_t *, int);
                int flags;
        } steps[] = {
                { "authenticate", pam_authenticate, 0 },
                { "account", pam_acct_mgmt, 0 },
                { "setcred", pam_setcred, PAM_ESTABLISH_CRED },
                { "open", pam_open_session, 0 },
                { "close", pam_close_session, 0 },
                { "delete", pam_setcred, PAM_DELETE_CRED },
        };

        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
                printf("%s: %d\n", steps[i].name, steps[i].call(pamh, steps[i].flags));
        char **variables = pam_getenvlist(pamh);
        for (char **variable = variables; variable && *variable; variable++) {
                printf("pam environment: %s\n", *variable);
                free(*variable);
        }
        free(variables);
}

int main(int argc, char **argv) {
        char password[256];
        const struct pam_conv conversation = { converse, password };
        Shape before = { 0 }, after = { 0 };
        pam_handle_t *pamh = NULL;

        if (argc != 3 || !fgets(password, sizeof(password), stdin))
                return 2;
        password[strcspn(password, "\n")] = '\0';
        printf("uid %d, effective %d\n", (int)getuid(), (int)geteuid());
        shape_take(&before);
        if (pam_start(argv[1], argv[2], &conversation, &pamh) != PAM_SUCCESS)
                return 1;
        pam_set_item(pamh, PAM_RHOST, "192.0.2.7");
        pam_set_item(pamh, PAM_TTY, "pts/7");
        pam_set_item(pamh, PAM_FAIL_DELAY, no_delay);
        log_in(pamh);
        pam_end(pamh, PAM_SUCCESS);
        shape_take(&after);
        shape_compare(&before, &after);
        free(before.environment);
        free(after.environment);
        return 0;
}
