#pragma once

/* Where secrets come from: a file, standard input, or a person at the terminal; never the command
 * line. */

#include "ctl/ctl.h"

/* One trailing newline is dropped, nothing else changed. -EFBIG: more than SECRET_INPUT_MAX.
 * -EILSEQ: a NUL in it. -ENODATA: empty. Other negative errnos: the file can't be read. */
int secret_read_file(const char *path, Secret *ret);
/* The same, with complaints. */
enum Exit secret_read_path(const char *path, Secret *ret);
/* The file of an option that was given; complains. */
enum Exit secret_read_option(const Options *options, enum Option option, Secret *ret);
/* Standard input can be read once. */
enum Exit secret_inputs_check(const Options *options);
/* From the option's file or, without it, from the terminal: prompt is "Password for ada". A new one
 * is asked for twice. Complains. */
enum Exit secret_get(const Ctl *ctl, enum Option option, const char *prompt, bool is_new,
                     Secret *ret);

/* terminal.c: asks once on /dev/tty without echo, which is restored on every way out, signals
 * included. -ENXIO: there is no terminal. -ENODATA: end of input. -EFBIG, -EILSEQ as above. */
int terminal_ask(const char *prompt, Secret *ret);

#define SECRET_INPUT_MAX 65536U
