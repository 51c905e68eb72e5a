/* Authenticates again and again in one process, as a screen locker or a mail server does for years:
 *
 *     pam-endurance FOLDER SERVICE COUNT USER PASSWORD
 *
 * Every fourth password is wrong. What the process holds is measured after a tenth of them and at
 * the end, printed, and must not have grown. */

#include <dirent.h>
#include <malloc.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pages that libc touches for the first time late; 100,000 times a byte would be more. */
#define RESIDENT_SLACK_KB 64

typedef struct Figures {
        long descriptors;
        long mappings;
        long resident_kb;
        long heap_bytes;
        long signals; /* with another disposition than the default */
} Figures;

static void no_delay(int code, unsigned usec, void *userdata) {
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        *ret = calloc((size_t)n, sizeof(**ret));
        if (!*ret)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++)
                (*ret)[i].resp = strdup(userdata);
        return PAM_SUCCESS;
}

static int authenticate(const char *const *arguments, char *password) {
        const struct pam_conv conversation = { converse, password };
        pam_handle_t *pamh = NULL;

        if (pam_start_confdir(arguments[2], arguments[4], &conversation, arguments[1], &pamh) != 0)
                abort();
        pam_set_item(pamh, PAM_RHOST, "192.0.2.7");
        pam_set_item(pamh, PAM_FAIL_DELAY, no_delay);
        int code = pam_authenticate(pamh, 0);
        pam_end(pamh, code);
        return code;
}

static long count_descriptors(void) {
        DIR *folder = opendir("/proc/self/fd");
        long n = 0;

        while (folder && readdir(folder))
                n++;
        closedir(folder);
        return n;
}

static long count_lines(const char *path, const char *key, long *ret_value) {
        char line[4096];
        long n = 0;
        FILE *file = fopen(path, "re");

        while (file && fgets(line, sizeof(line), file)) {
                n++;
                if (key && strncmp(line, key, strlen(key)) == 0)
                        *ret_value = strtol(line + strlen(key), NULL, 10);
        }
        fclose(file);
        return n;
}

static Figures measure(void) {
        Figures figures = { 0 };
        struct sigaction action;

        figures.heap_bytes = (long)mallinfo2().uordblks;
        figures.descriptors = count_descriptors();
        figures.mappings = count_lines("/proc/self/maps", NULL, NULL);
        count_lines("/proc/self/status", "VmRSS:", &figures.resident_kb);
        for (int number = 1; number < 32; number++)
                figures.signals += sigaction(number, NULL, &action) == 0 &&
                                   action.sa_handler != SIG_DFL;
        return figures;
}

int main(int argc, char **argv) {
        char wrong[] = "not the password";
        long n_wrong_codes = 0;
        Figures before = { 0 };

        if (argc != 6) {
                fprintf(stderr, "usage: pam-endurance FOLDER SERVICE COUNT USER PASSWORD\n");
                return 2;
        }
        long count = strtol(argv[3], NULL, 10);
        for (long i = 0; i < count; i++) {
                int is_wrong = i % 4 == 3;
                int code = authenticate((const char *const *)argv, is_wrong ? wrong : argv[5]);

                if (code != (is_wrong ? PAM_AUTH_ERR : PAM_SUCCESS) && n_wrong_codes++ == 0)
                        fprintf(stderr, "authentication %ld: code %d\n", i, code);
                /* the first two leave in malloc's lists what measuring itself takes; a wrong
                 * password was the last, as it is at the end */
                if (i == 0 || i == count / 40 * 4 + 3 || i == count / 40 * 4 + 7)
                        before = measure();
        }
        Figures after = measure();

        printf("%ld authentications, %ld with a wrong code: descriptors %ld -> %ld, mappings %ld "
               "-> "
               "%ld, resident %ld -> %ld kB, heap in use %ld -> %ld bytes, signals handled %ld -> "
               "%ld\n",
               count, n_wrong_codes, before.descriptors, after.descriptors, before.mappings,
               after.mappings, before.resident_kb, after.resident_kb, before.heap_bytes,
               after.heap_bytes, before.signals, after.signals);
        return n_wrong_codes > 0 || after.descriptors != before.descriptors ||
               after.mappings != before.mappings || after.heap_bytes > before.heap_bytes ||
               after.resident_kb > before.resident_kb + RESIDENT_SLACK_KB ||
               after.signals != before.signals;
}
