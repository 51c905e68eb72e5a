/* libmicrohttpd 0.9.75 takes almost any head; this does not. Fields that say where a message ends
 * or whose it is may stand there once. */

#include "http/guard.h"

#include <string.h>
#include <strings.h>

#include "wire/reason.h"
#include "wire/text.h"

/* RFC 9110 section 5.6.2. */
static bool name_is_token(const HeadField *field) {
        static const bool is_token[256] = {
                ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
                ['!'] = true,         ['#'] = true,         ['$'] = true,
                ['%'] = true,         ['&'] = true,         ['\''] = true,
                ['*'] = true,         ['+'] = true,         ['-'] = true,
                ['.'] = true,         ['^'] = true,         ['_'] = true,
                ['`'] = true,         ['|'] = true,         ['~'] = true,
        };

        for (size_t i = 0; i < field->name_size; i++)
                if (!is_token[(unsigned char)field->name[i]])
                        return false;
        return field->name_size > 0;
}

/* No way out of the loop: so it takes many bytes in one step. */
static bool value_is_clean(const HeadField *field) {
        unsigned char dirty = 0;

        for (size_t i = 0; i < field->value_size; i++) {
                unsigned char c = (unsigned char)field->value[i];
                dirty |= (unsigned char)(((c < ' ') & (c != '\t')) | (c == 0x7f));
        }
        return dirty == 0;
}

/* _HEAD_NAME_MAX: another. */
static enum HeadName known_name(const HeadField *field) {
#define NAME(name) { (name), sizeof(name) - 1 }
        static const struct {
                const char *text;
                size_t size;
        } names[_HEAD_NAME_MAX] = {
                [HEAD_HOST] = NAME("Host"),
                [HEAD_CONTENT_LENGTH] = NAME("Content-Length"),
                [HEAD_TRANSFER_ENCODING] = NAME("Transfer-Encoding"),
                [HEAD_CONTENT_TYPE] = NAME("Content-Type"),
                [HEAD_AUTHORIZATION] = NAME("Authorization"),
                [HEAD_SEC_FETCH_SITE] = NAME("Sec-Fetch-Site"),
                [HEAD_ORIGIN] = NAME("Origin"),
        };
#undef NAME
        enum HeadName name = 0;

        while (name < _HEAD_NAME_MAX &&
               (field->name_size != names[name].size ||
                strncasecmp(field->name, names[name].text, names[name].size) != 0))
                name++;
        return name;
}

/* false: one of the fields is not clean, or one that may be there once is there twice. */
static bool find_known(Head *head) {
        memset(head->known, 0, sizeof(head->known));
        for (size_t i = 0; i < head->n_fields; i++) {
                const HeadField *field = &head->fields[i];
                enum HeadName name = known_name(field);

                if (!name_is_token(field) || !value_is_clean(field))
                        return false;
                if (name == _HEAD_NAME_MAX)
                        continue;
                if (head->known[name])
                        return false;
                head->known[name] = field;
        }
        return true;
}

static bool value_equals(const HeadField *field, const char *text) {
        return field->value_size == strlen(text) &&
               strncasecmp(field->value, text, field->value_size) == 0;
}

static bool framing_is_clear(const Head *head) {
        const HeadField *length = head->known[HEAD_CONTENT_LENGTH];
        const HeadField *encoding = head->known[HEAD_TRANSFER_ENCODING];

        if (encoding)
                return !length && !head->is_http10 && value_equals(encoding, "chunked");
        if (!length)
                return true;
        for (size_t i = 0; i < length->value_size; i++)
                if (length->value[i] < '0' || length->value[i] > '9')
                        return false;
        return length->value_size > 0;
}

bool head_body_exceeds(const Head *head, size_t body_max) {
        const HeadField *length = head->known[HEAD_CONTENT_LENGTH];
        size_t size = 0;

        for (size_t i = 0; length && i < length->value_size && size <= body_max; i++)
                size = size * 10 + (size_t)(length->value[i] - '0');
        return size > body_max;
}

/* DNS rebinding and pages of other sites: the browser says so by itself. */
static bool comes_from_a_page(const Head *head, const GuardOptions *options) {
        const HeadField *host = head->known[HEAD_HOST], *site = head->known[HEAD_SEC_FETCH_SITE];

        if (!host || !host_is_own(host->value, options->local, options->tls, options->issuer))
                return true;
        return head->known[HEAD_ORIGIN] || (site && value_equals(site, "cross-site"));
}

int guard_check(Head *head, const GuardOptions *options, const char **ret_detail) {
        if (head->too_many || head->has_hidden_bytes || !find_known(head) ||
            !framing_is_clear(head)) {
                *ret_detail = "the head of the request is malformed";
                return REASON_INVALID_REQUEST;
        }
        if (options->local && comes_from_a_page(head, options)) {
                *ret_detail = "requests from web pages are refused";
                return REASON_ACCESS_DENIED;
        }
        return 0;
}
