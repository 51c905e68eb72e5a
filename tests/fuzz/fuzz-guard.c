/* A request's head, a field a line, at the loopback listener and at the socket: what is let in can
 * be understood in one way only, and does not come from a page of somebody else's. */

#include "fuzz.h"

#include <strings.h>

#include "http/guard.h"
#include "wire/reason.h"
#include "wire/text.h"

#define BODY_SIZE_MAX 65536U
#define ISSUER        "https://tokens.example.org/tokend"

/* Cuts text into fields, which point into it. */
static void read_head(char *text, Head *ret) {
        for (char *line; (line = strsep(&text, "\n"));) {
                char *name = strsep(&line, ":");

                if (!line)
                        continue;
                line += strspn(line, " \t");
                if (ret->n_fields == HEAD_FIELDS_MAX) {
                        ret->too_many = true;
                        return;
                }
                ret->fields[ret->n_fields++] =
                                (HeadField){ name, strlen(name), line, strlen(line) };
        }
}

static size_t count(const Head *head, const char *name, const char **ret_value) {
        size_t n = 0;

        for (size_t i = 0; i < head->n_fields; i++)
                if (strcasecmp(head->fields[i].name, name) == 0) {
                        *ret_value = head->fields[i].value;
                        n++;
                }
        return n;
}

static void check_framing(const Head *head) {
        const char *length = NULL, *encoding = NULL, *other = NULL;
        size_t n_lengths = count(head, "Content-Length", &length);
        size_t n_encodings = count(head, "Transfer-Encoding", &encoding);

        fuzz_check(n_lengths + n_encodings <= 1);
        fuzz_check(!encoding || strcasecmp(encoding, "chunked") == 0);
        fuzz_check(!length || (length[0] && strspn(length, "0123456789") == strlen(length)));
        fuzz_check(head_body_exceeds(head, BODY_SIZE_MAX) ==
                   (length && strtoull(length, NULL, 10) > BODY_SIZE_MAX));
        fuzz_check(count(head, "Host", &other) <= 1 && count(head, "Authorization", &other) <= 1);
        for (size_t i = 0; i < head->n_fields; i++) {
                const HeadField *field = &head->fields[i];

                fuzz_check(field->name_size > 0 && !strpbrk(field->name, " \t\r\"(),/:;\\"));
        }
}

static bool is_ours(const char *host) {
        static const char *const names[] = { "localhost:", "127.0.0.1:", "[::1]:" };

        if (strcasecmp(host, "tokens.example.org") == 0)
                return true;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *port = host + strlen(names[i]);

                if (strncasecmp(host, names[i], strlen(names[i])) != 0)
                        continue;
                return strspn(port, "0123456789") == strlen(port) &&
                       strtoul(port, NULL, 10) == 7450;
        }
        return false;
}

static void check_origin(const Head *head) {
        const char *host = NULL, *other = NULL;

        fuzz_check(count(head, "Host", &host) == 1 && is_ours(host));
        fuzz_check(count(head, "Origin", &other) == 0);
        fuzz_check(count(head, "Sec-Fetch-Site", &other) == 0 ||
                   strcasecmp(other, "cross-site") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        GuardOptions options = { .issuer = ISSUER };
        const char *detail = NULL;
        Address local;
        Head head = { 0 };
        int r;

        read_head(text, &head);
        r = guard_check(&head, &options, &detail);
        if (r != 0)
                fuzz_check(r == REASON_INVALID_REQUEST);
        else
                check_framing(&head);

        fuzz_check(address_parse("127.0.0.1:7450", &local) == 0);
        options.local = &local;
        r = guard_check(&head, &options, &detail);
        if (r != 0) {
                fuzz_check(r == REASON_INVALID_REQUEST || r == REASON_ACCESS_DENIED);
                fuzz_check(detail);
                return 0;
        }
        check_framing(&head);
        check_origin(&head);
        return 0;
}
