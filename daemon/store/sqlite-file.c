/* The files of a SQLite store: PATH, PATH.lock beside it, and PATH.new while it is made.
 *
 * A database comes into being under another name and is renamed when it is complete, so whatever
 * stands at PATH and can't be read is damage: it is refused and kept, never made again, because an
 * empty one would have forgotten the revocations. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "store/sqlite-backend.h"

/* Up to this size every page is looked at when the store opens; it takes some 10 ms. */
#define FULL_CHECK_BYTES (16LL * 1024 * 1024)

#define BUSY_TIMEOUT_MSEC 2000

int sqlite_message(char **ret_message, const char *format, ...) {
        va_list arguments;
        char *message;
        int r;

        va_start(arguments, format);
        r = vasprintf(&message, format, arguments);
        va_end(arguments);
        if (r < 0)
                return -ENOMEM;
        free(*ret_message);
        *ret_message = message;
        return 0;
}

int sqlite_lock(const char *path, int *ret_fd, char **ret_message) {
        _cleanup_(freep) char *lock = NULL;
        _cleanup_(closep) int fd = -1;

        if (asprintf(&lock, "%s.lock", path) < 0)
                return -ENOMEM;
        fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0) {
                int error = -errno;

                sqlite_message(ret_message, "%s: %s", lock, strerror(-error));
                return error;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                int error = errno == EWOULDBLOCK ? -EBUSY : -errno;

                sqlite_message(ret_message, "%s: held by another daemon", lock);
                return error;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static off_t size_beside(const char *path, const char *suffix) {
        _cleanup_(freep) char *name = NULL;
        struct stat st;

        if (asprintf(&name, "%s%s", path, suffix) < 0 || stat(name, &st) < 0)
                return 0;
        return st.st_size;
}

/* The database header (sqlite.org/fileformat.html, section 1.3): is it one, and is all of it there?
 * While a WAL waits, the file may be behind its header. */
static bool header_is_sound(int fd, const char *path, off_t size) {
        static const char magic[16] = "SQLite format 3";
        uint8_t header[100];
        uint32_t page_size, n_pages, changed, counted;

        if (pread(fd, header, sizeof(header), 0) != sizeof(header))
                return false;
        if (memcmp(header, magic, sizeof(magic)) != 0)
                return false;
        page_size = (uint32_t)header[16] << 8 | header[17];
        if (page_size == 1)
                page_size = 65536;
        memcpy(&n_pages, header + 28, 4);
        memcpy(&changed, header + 24, 4);
        memcpy(&counted, header + 92, 4);
        if (changed != counted || size_beside(path, "-wal") > 0)
                return true;
        return size >= (off_t)be32toh(n_pages) * page_size;
}

static int folder_check(const char *path, char **ret_message) {
        _cleanup_(freep) char *copy = strdup(path);
        const char *folder;
        struct stat st;

        if (!copy)
                return -ENOMEM;
        folder = dirname(copy);
        if (stat(folder, &st) < 0) {
                int error = -errno;

                sqlite_message(ret_message, "%s: %s", folder, strerror(-error));
                return error;
        }
        if (st.st_mode & S_IWOTH) {
                sqlite_message(ret_message, "%s: everybody may write there", folder);
                return -EPERM;
        }
        return 0;
}

int sqlite_file_check(const char *path, char **ret_message) {
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int r;

        r = folder_check(path, ret_message);
        if (r < 0)
                return r;

        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT && size_beside(path, "-wal") > 0) {
                sqlite_message(ret_message, "%s is gone, but not %s-wal, which is kept as it is",
                               path, path);
                return -EUCLEAN;
        }
        if (fd < 0 && errno == ENOENT)
                return -ENOENT;
        if (fd < 0 || fstat(fd, &st) < 0) {
                r = -errno;
                sqlite_message(ret_message, "%s: %s", path, strerror(-r));
                return r;
        }
        if (!S_ISREG(st.st_mode)) {
                sqlite_message(ret_message, "%s: no regular file", path);
                return -EPERM;
        }
        if (st.st_mode & (S_IRWXG | S_IRWXO) && fchmod(fd, 0600) < 0) {
                r = -errno;
                sqlite_message(ret_message, "%s: others may read it: %s", path, strerror(-r));
                return r;
        }
        if (!header_is_sound(fd, path, st.st_size)) {
                sqlite_message(ret_message, "%s: damaged, or no database; kept as it is", path);
                return -EUCLEAN;
        }
        return 0;
}

static int quick_check(Backend *backend) {
        _cleanup_(query_done) Query query = { 0 };
        _cleanup_(freep) char *verdict = NULL;
        int64_t n_pages = 0, page_size = 0;
        int r;

        r = SQL_NUMBER(&n_pages, backend, "PRAGMA page_count");
        if (r >= 0)
                r = SQL_NUMBER(&page_size, backend, "PRAGMA page_size");
        if (r < 0 || n_pages * page_size > FULL_CHECK_BYTES)
                return r;

        r = QUERY(&query, backend, "PRAGMA quick_check(1)");
        if (r >= 0)
                r = query_next(&query);
        if (r > 0)
                r = query_text(&query, 0, &verdict);
        if (r < 0)
                return r;
        return streq_ptr(verdict, "ok") ? 0 : -EUCLEAN;
}

int sqlite_connect(Backend *backend, const char *path, int flags, char **ret_message) {
        bool read_only = flags & SQLITE_OPEN_READONLY;
        int r, code;

        flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        code = sqlite3_open_v2(path, &backend->db, flags, NULL);
        r = code == SQLITE_OK ? 0 : sql_error(backend, code);
        if (r >= 0) {
                sqlite3_busy_timeout(backend->db, BUSY_TIMEOUT_MSEC);
                r = sql_script(backend, "PRAGMA trusted_schema = OFF;"
                                        "PRAGMA cell_size_check = ON;"
                                        "PRAGMA temp_store = MEMORY;"
                                        "PRAGMA secure_delete = FAST;");
        }
        if (r >= 0)
                r = sql_script(backend, read_only ? "PRAGMA cache_size = -8192;"
                                                  : "PRAGMA cache_size = -16384;");
        if (r >= 0 && !read_only)
                r = sql_script(backend, "PRAGMA journal_mode = WAL;"
                                        "PRAGMA synchronous = FULL;"
                                        "PRAGMA wal_autocheckpoint = 0;"
                                        "PRAGMA journal_size_limit = 67108864;");
        if (r >= 0 && !read_only)
                r = quick_check(backend);
        if (r == -EUCLEAN)
                sqlite_message(ret_message, "%s: damaged; kept as it is", path);
        else if (r < 0)
                sqlite_message(ret_message, "%s: %s", path, strerror(-r));
        return r;
}

/* The folder's entry must last as well, else a crash forgets the whole database. */
static int sync_folder(const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        _cleanup_(closep) int fd = -1;

        if (!copy)
                return -ENOMEM;
        fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

static int fill(const char *path, const Clock *clock, char **ret_message) {
        Backend *backend;
        int r;

        r = sqlite_backend_new(clock, &backend);
        if (r < 0)
                return r;
        r = sqlite_connect(backend, path, SQLITE_OPEN_READWRITE, ret_message);
        if (r >= 0)
                r = sqlite_schema_upgrade(backend);
        if (r >= 0)
                r = SQL(backend, "UPDATE clients SET created = ?1",
                        sql_integer(clock_realtime(clock)));
        if (r < 0)
                sqlite_message(ret_message, "%s: can't be filled: %s", path, strerror(-r));
        backend_sqlite.close(backend);
        return r;
}

/* The caller holds the lock: a PATH.new that is there was left by a crash. */
int sqlite_file_create(const char *path, const Clock *clock, char **ret_message) {
        static const char *const leftovers[] = { "", "-wal", "-shm", "-journal" };
        _cleanup_(freep) char *new = NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        if (asprintf(&new, "%s.new", path) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(leftovers); i++) {
                _cleanup_(freep) char *leftover = NULL;

                if (asprintf(&leftover, "%s%s", new, leftovers[i]) < 0)
                        return -ENOMEM;
                unlink(leftover);
        }

        fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0) {
                r = -errno;
                sqlite_message(ret_message, "%s: %s", new, strerror(-r));
                return r;
        }
        r = fill(new, clock, ret_message);
        if (r < 0)
                return r;
        if (size_beside(new, "-wal") > 0) /* the last connection has moved it in */
                return -EIO;
        if (fsync(fd) < 0 || rename(new, path) < 0)
                return -errno;
        return sync_folder(path);
}
