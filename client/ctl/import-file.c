/* Files are read as a whole, so that what is wrong with their beginning is known before anything
 * has changed, and so that one wipe does for all the hashes in them. */

#include "ctl/import-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/fd-read.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Some 500,000 people. */
#define FILE_SIZE_MAX (64U * 1024U * 1024U)

void import_file_done(ImportFile *file) {
        secret_done(&file->text);
}

enum Exit import_file_read(const Ctl *ctl, enum Option option, ImportFile *ret) {
        _cleanup_(import_file_done) ImportFile file = IMPORT_FILE_INIT;
        const char *path = ctl_option(ctl, option);
        bool is_input = streq(path, "-");
        _cleanup_(closep) int fd = -1;
        struct stat status;
        int r;

        file.name = is_input ? "standard input" : path;
        fd = is_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0 || fstat(fd, &status) < 0)
                return complain_of_error(file.name, errno);
        r = fd_read_all(fd, FILE_SIZE_MAX, &file.text);
        if (r < 0)
                return complain_of_error(file.name, r);
        file.is_open = S_ISREG(status.st_mode) && (status.st_mode & S_IROTH);
        *ret = TAKE(file, IMPORT_FILE_INIT);
        return EXIT_DONE;
}

void import_file_warn(const ImportFile *file) {
        if (file->is_open)
                complain(file->name, NULL,
                         "there are people's secrets in it, and everybody on this machine can "
                         "read it");
}
