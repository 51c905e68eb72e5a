/* libmicrohttpd 0.9.75 cuts a field at a NUL and joins folded lines to the field's name, silently.
 * But it parses in place: method, target, version and fields lie one behind the other in its read
 * buffer, with nothing but the line ends (now NULs) between them. So every byte of the head can be
 * accounted for; where one can't, something is hidden there. */

#include "http/head.h"

#include <stdint.h>
#include <string.h>

#include "wire/text.h"

static enum MHD_Result add_field(void *userdata, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size) {
        Head *head = userdata;

        if (head->n_fields == HEAD_FIELDS_MAX) {
                head->too_many = true;
                return MHD_NO;
        }
        head->fields[head->n_fields++] =
                        (HeadField){ name, name_size, value ? value : "", value ? value_size : 0 };
        return MHD_YES;
}

/* Between the end of one line's text and the start of the next: LF or CRLF. */
static bool is_line_end(uintptr_t from, uintptr_t to) {
        return to == from + 1 || to == from + 2;
}

static bool has_hidden_bytes(const Head *head, const RequestLine *line, size_t head_size) {
        uintptr_t at = (uintptr_t)line->target + line->target_size;

        if ((uintptr_t)line->version != at + 1)
                return true;
        at = (uintptr_t)line->version + strlen(line->version);
        for (size_t i = 0; i < head->n_fields; i++) {
                const HeadField *field = &head->fields[i];
                uintptr_t name = (uintptr_t)field->name, value = (uintptr_t)field->value;

                if (!is_line_end(at, name) || value <= name + field->name_size)
                        return true;
                at = value + field->value_size;
        }
        /* Its line's end and the empty line. */
        at = (uintptr_t)line->method + head_size - at;
        return at < 2 || at > 4;
}

void head_read(struct MHD_Connection *mhd, const RequestLine *line, Head *ret) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

        ret->n_fields = 0;
        ret->too_many = false;
        ret->has_hidden_bytes = false;
        ret->is_http10 = strcasecmp(line->version, MHD_HTTP_VERSION_1_0) == 0;
        (void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, add_field, ret);
        /* Later versions read heads in another way, and refuse by themselves. */
        if (streq(MHD_get_version(), "0.9.75"))
                ret->has_hidden_bytes = !info || has_hidden_bytes(ret, line, info->header_size);
}
