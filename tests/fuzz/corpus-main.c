/* Runs a target over its corpus as an ordinary test: every file of the folder, then mutations of
 * them, which are the same in each run.
 *
 *     fuzz-UNIT FOLDER [MUTATIONS]
 *
 * The inputs run in a child. Whatever ends it early (a signal, a sanitizer, an endless loop), the
 * parent still has the input and writes it down. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define INPUT_MAX      (256U * 1024U)
#define MUTATIONS      2000U
#define INPUT_SECONDS  10U /* for one input, on a busy machine under the sanitizers */
#define MUTATION_STEPS 4U

typedef struct Input {
        size_t size;
        uint8_t data[INPUT_MAX];
} Input;

/* Shared by parent and child. */
typedef struct Progress {
        char name[NAME_MAX + 1];
        unsigned mutation; /* 0: the file itself */
        Input input;
} Progress;

static const char *const words[] = {
        "\"", "\\", "{", "}", "[", "]", ",", ":", "=", "&", "%", "+", "-", ".", "/", " ", "0", "9",
        "\t", "\r\n", "\n", "\x7f", "\xff", "\xc2\x80", "\xed\xa0\x80", "%00", "\\u0000", "\\ud800",
        "65536", "2147483648", "4294967295", "9223372036854775808", "18446744073709551616",
};

/* xorshift: the same numbers everywhere. */
static uint64_t next_random(uint64_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

static size_t random_below(uint64_t *seed, size_t end) {
        return end == 0 ? 0 : (size_t)(next_random(seed) >> 11) % end;
}

static void insert(Input *input, size_t at, const void *bytes, size_t size) {
        if (size > INPUT_MAX - input->size)
                return;
        memmove(input->data + at + size, input->data + at, input->size - at);
        memcpy(input->data + at, bytes, size);
        input->size += size;
}

static void mutate(Input *input, uint64_t *seed) {
        size_t at = random_below(seed, input->size), left = input->size - at;
        size_t size = random_below(seed, left < 16 ? left : 16) + 1;
        const char *word = words[random_below(seed, ELEMENTSOF(words))];
        uint8_t copy[16];

        size = size < left ? size : left;
        memcpy(copy, input->data + at, size);
        switch (random_below(seed, 6)) {
        case 0:
                if (left > 0)
                        input->data[at] ^= (uint8_t)(1U << random_below(seed, 8));
                break;
        case 1:
                if (left > 0)
                        input->data[at] = (uint8_t)next_random(seed);
                break;
        case 2:
                insert(input, at, word, strlen(word));
                break;
        case 3:
                insert(input, random_below(seed, input->size + 1), copy, size);
                break;
        case 4:
                memmove(input->data + at, input->data + at + size, left - size);
                input->size -= size;
                break;
        default:
                input->size = at;
        }
}

static void load(const char *folder, const char *name, Input *ret) {
        _cleanup_(freep) char *path = NULL;
        _cleanup_(closep) int fd = -1;
        ssize_t n;

        fuzz_check(asprintf(&path, "%s/%s", folder, name) > 0);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        fuzz_check(fd >= 0);
        ret->size = 0;
        while ((n = read(fd, ret->data + ret->size, INPUT_MAX - ret->size)) > 0)
                ret->size += (size_t)n;
        fuzz_check(n == 0 && ret->size < INPUT_MAX);
}

/* In memory of the input's own size, so that a sanitizer sees every step beyond it. */
static void run(const Input *input) {
        uint8_t *exact = malloc(input->size);

        fuzz_check(exact || input->size == 0);
        if (input->size > 0)
                memcpy(exact, input->data, input->size);
        alarm(INPUT_SECONDS);
        LLVMFuzzerTestOneInput(exact, input->size);
        alarm(0);
        free(exact);
}

static void run_all(const char *folder, struct dirent **files, size_t n_files, unsigned mutations,
                    Progress *progress) {
        uint64_t seed = 0x746f6b656e64;

        for (unsigned i = 0; i < n_files + mutations; i++) {
                snprintf(progress->name, sizeof(progress->name), "%s", files[i % n_files]->d_name);
                progress->mutation = i < n_files ? 0 : i;
                load(folder, progress->name, &progress->input);
                size_t steps = i < n_files ? 0 : 1 + random_below(&seed, MUTATION_STEPS);
                for (; steps > 0; steps--)
                        mutate(&progress->input, &seed);
                run(&progress->input);
        }
        progress->name[0] = '\0';
}

static int is_input(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int report(const char *folder, const Progress *progress) {
        const Input *input = &progress->input;
        _cleanup_(freep) char *path = NULL;
        _cleanup_(closep) int fd = -1;

        if (!progress->name[0]) {
                fprintf(stderr, "failed behind the last input\n");
                return EXIT_FAILURE;
        }
        fuzz_check(asprintf(&path, "crash-%s-%s-%u", basename(folder), progress->name,
                            progress->mutation) > 0);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        fuzz_check(fd >= 0);
        fuzz_check(write(fd, input->data, input->size) == (ssize_t)input->size);
        fprintf(stderr, "%s/%s, mutation %u (0: itself), failed; the input is in %s\n", folder,
                progress->name, progress->mutation, path);
        return EXIT_FAILURE;
}

int main(int argc, char *argv[]) {
        unsigned mutations = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : MUTATIONS;
        struct dirent **files = NULL;
        Progress *progress;
        int n_files, status;
        pid_t child;

        fuzz_check(argc > 1);
        n_files = scandir(argv[1], &files, is_input, alphasort);
        fuzz_check(n_files > 0);
        progress = mmap(NULL, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0);
        fuzz_check(progress != MAP_FAILED);
        child = fork();
        fuzz_check(child >= 0);
        if (child == 0)
                run_all(argv[1], files, (size_t)n_files, mutations, progress);
        else
                while (waitpid(child, &status, 0) < 0)
                        fuzz_check(errno == EINTR);
        for (int i = 0; i < n_files; i++)
                free(files[i]);
        free(files);
        if (child == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
                return EXIT_SUCCESS;
        return report(argv[1], progress);
}
