/* Logins as values, and the boot they belong to. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/login.h"
#include "wire/cleanup.h"

#define BOOT_ID_SIZE 36

Login *login_new(void) {
        return calloc(1, sizeof(Login));
}

Login *login_free(Login *login) {
        if (!login)
                return NULL;

        free(login->id);
        free(login->user_id);
        free(login->client_id);
        free(login->service);
        free(login->rhost);
        free(login->tty);
        free(login->boot_id);
        free(login);
        return NULL;
}

void login_freep(Login **login) {
        login_free(*login);
}

int boot_id_get(char **ret) {
        _cleanup_(closep) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        char buffer[BOOT_ID_SIZE + 1];
        char *id;
        ssize_t n;

        if (fd < 0)
                return -errno;

        n = read(fd, buffer, sizeof(buffer));
        if (n < 0)
                return -errno;
        if (n < BOOT_ID_SIZE)
                return -EIO;

        id = strndup(buffer, BOOT_ID_SIZE);
        if (!id)
                return -ENOMEM;

        *ret = id;
        return 0;
}
