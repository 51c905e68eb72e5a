/* The daemon's log: an entry is built in one buffer on the stack and sent in one call, so that it
 * can't fail for want of memory and never mixes with another thread's.
 *
 * Text from outside may stand in it: what could move a terminal's cursor, start a new line or pass
 * for another field is written as \xNN. */

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "base/journal.h"
#include "wire/text.h"

#define MESSAGE_SIZE 2048 /* of one entry's own words; more is cut */
#define VALUE_SIZE   512  /* of one field as it came in */
#define BUFFER_SIZE  (8 * MESSAGE_SIZE)

static _Atomic int level_max = LOG_INFO;
static _Atomic enum JournalTarget target = JOURNAL_TARGET_AUTO;

typedef struct Buffer {
        char text[BUFFER_SIZE];
        size_t size;
} Buffer;

/* In the order in which they stand behind the message. */
static const struct {
        const char *journal;
        const char *line;
        size_t offset;
} fields_known[] = {
        { "TOKEND_REASON", "reason", offsetof(JournalFields, reason) },
        { "TOKEND_USER", "user", offsetof(JournalFields, user) },
        { "TOKEND_CLIENT", "client", offsetof(JournalFields, client) },
        { "TOKEND_TOKEN_ID", "token", offsetof(JournalFields, token_id) },
        { "TOKEND_KEY_ID", "key", offsetof(JournalFields, key_id) },
        { "TOKEND_SERVICE", "service", offsetof(JournalFields, service) },
        { "TOKEND_RHOST", "rhost", offsetof(JournalFields, rhost) },
};

void journal_set_level(int syslog_level) {
        level_max = syslog_level;
}

int journal_get_level(void) {
        return level_max;
}

void journal_set_target(enum JournalTarget new_target) {
        target = new_target;
}

enum JournalTarget journal_get_target(void) {
        return target;
}

static void append(Buffer *buffer, const char *text, size_t size) {
        size_t room = sizeof(buffer->text) - buffer->size;

        if (size > room)
                size = room;
        memcpy(buffer->text + buffer->size, text, size);
        buffer->size += size;
}

static void append_text(Buffer *buffer, const char *text) {
        append(buffer, text, strlen(text));
}

/* How many bytes from p on may be shown as they are; 0: none. */
static size_t printable_size(const char *p, size_t left) {
        unsigned char c = *p;
        size_t size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        if (c < ' ' || c == 0x7f || size > left || !text_is_utf8(p, size))
                return 0;

        /* U+0080 to U+009F: control characters of their own */
        return c == 0xc2 && (unsigned char)p[1] < 0xa0 ? 0 : size;
}

static void append_escaped(Buffer *buffer, const char *text, size_t size, bool escape_spaces) {
        for (size_t i = 0; i < size;) {
                size_t n = printable_size(text + i, size - i);

                if (n == 0 || (escape_spaces && text[i] == ' ')) {
                        char escape[5];

                        snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)text[i]);
                        append_text(buffer, escape);
                        i++;
                } else {
                        append(buffer, text + i, n);
                        i += n;
                }
        }
}

static const char *field_value(const JournalFields *fields, size_t i) {
        const char *base = (const char *)fields;

        return base ? *(const char *const *)(base + fields_known[i].offset) : NULL;
}

/* "message: No such file or directory: reason=… user=…" */
static void append_line(Buffer *buffer, const JournalFields *fields, const char *message) {
        const char *separator = ": ";
        char error[128];

        append_escaped(buffer, message, strlen(message), false);
        if (fields && fields->error != 0) {
                append_text(buffer, ": ");
                append_text(buffer, strerror_r(abs(fields->error), error, sizeof(error)));
        }

        for (size_t i = 0; i < ELEMENTSOF(fields_known); i++) {
                const char *value = field_value(fields, i);

                if (!value)
                        continue;
                append_text(buffer, separator);
                append_text(buffer, fields_known[i].line);
                append_text(buffer, "=");
                append_escaped(buffer, value, strnlen(value, VALUE_SIZE), true);
                separator = " ";
        }
}

static void write_to_stderr(const JournalFields *fields, const char *message) {
        Buffer buffer;
        char prefix[32];
        ssize_t n;

        buffer.size = 0;
        snprintf(prefix, sizeof(prefix), "tokend[%d]: ", (int)getpid());
        append_text(&buffer, prefix);
        append_line(&buffer, fields, message);
        if (buffer.size == sizeof(buffer.text))
                buffer.size--;
        append_text(&buffer, "\n");

        do
                n = write(STDERR_FILENO, buffer.text, buffer.size);
        while (n < 0 && errno == EINTR);
}

static void start_field(Buffer *buffer, struct iovec *iovec, const char *name) {
        iovec->iov_base = buffer->text + buffer->size;
        append_text(buffer, name);
        append_text(buffer, "=");
}

static void end_field(Buffer *buffer, struct iovec *iovec) {
        iovec->iov_len = buffer->text + buffer->size - (char *)iovec->iov_base;
}

static void add_field(Buffer *buffer, struct iovec *iovec, const char *name, const char *value) {
        start_field(buffer, iovec, name);
        append_escaped(buffer, value, strnlen(value, VALUE_SIZE), false);
        end_field(buffer, iovec);
}

static void send_to_journal(int level, const JournalFields *fields, const char *message) {
        struct iovec iovecs[5 + ELEMENTSOF(fields_known)];
        char number[16];
        Buffer buffer;
        int n = 0;

        buffer.size = 0;
        add_field(&buffer, &iovecs[n++], "SYSLOG_IDENTIFIER", "tokend");
        snprintf(number, sizeof(number), "%d", level);
        add_field(&buffer, &iovecs[n++], "PRIORITY", number);
        if (fields && fields->message_id)
                add_field(&buffer, &iovecs[n++], "MESSAGE_ID", fields->message_id);
        if (fields && fields->error != 0) {
                snprintf(number, sizeof(number), "%d", abs(fields->error));
                add_field(&buffer, &iovecs[n++], "ERRNO", number);
        }
        for (size_t i = 0; i < ELEMENTSOF(fields_known); i++)
                if (field_value(fields, i))
                        add_field(&buffer, &iovecs[n++], fields_known[i].journal,
                                  field_value(fields, i));

        start_field(&buffer, &iovecs[n], "MESSAGE");
        append_line(&buffer, fields, message);
        end_field(&buffer, &iovecs[n++]);

        (void)sd_journal_sendv(iovecs, n);
}

/* systemd.exec(5): JOURNAL_STREAM= names the device and inode that a service's output goes to. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
                return false;

        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void journal_log(int level, const JournalFields *fields, const char *format, ...) {
        int saved_errno = errno;
        char message[MESSAGE_SIZE];
        va_list arguments;

        if (level > level_max)
                return;

        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);

        if (target == JOURNAL_TARGET_JOURNAL ||
            (target == JOURNAL_TARGET_AUTO && stderr_is_journal()))
                send_to_journal(level, fields, message);
        else
                write_to_stderr(fields, message);

        errno = saved_errno;
}
