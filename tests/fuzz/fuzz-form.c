/* Any body: a form that is taken has no name twice and no NUL, and is the same after it was encoded
 * and read again. */

#include "fuzz.h"

#include <errno.h>

#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/protocol.h"

static void check_field(const Form *form, size_t i) {
        const FormField *field = &form->fields[i];
        const char *name = secret_text(&field->name);

        fuzz_check(strlen(name) == field->name.size);
        fuzz_check(strlen(secret_text(&field->value)) == field->value.size);
        fuzz_check(form_get(form, name) == (secret_is_empty(&field->value) ? NULL : &field->value));
        for (size_t k = 0; k < i; k++)
                fuzz_check(!secret_equal(&field->name, &form->fields[k].name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(form_done) Form form = FORM_INIT, again = FORM_INIT;
        _cleanup_(secret_done) Secret written = SECRET_INIT;

        int r = form_parse((const char *)data, size, &form);
        if (r < 0) {
                fuzz_check((r == -EBADMSG || r == -ENOTUNIQ || r == -E2BIG) && !form.fields);
                return 0;
        }
        fuzz_check(form.n_fields <= FORM_FIELDS_MAX);
        for (size_t i = 0; i < form.n_fields; i++) {
                const FormField *field = &form.fields[i];

                check_field(&form, i);
                fuzz_check(form_append_bytes(&written, secret_text(&field->name),
                                             secret_text(&field->value), field->value.size) == 0);
        }
        fuzz_check(form_parse(secret_text(&written), written.size, &again) == 0);
        fuzz_check(again.n_fields == form.n_fields);
        for (size_t i = 0; i < form.n_fields; i++) {
                fuzz_check(secret_equal(&form.fields[i].name, &again.fields[i].name));
                fuzz_check(secret_equal(&form.fields[i].value, &again.fields[i].value));
        }
        return 0;
}
