/* Questions to NSS on one thread behind a short queue.
 *
 * The buffers of the getXXnam_r functions grow to a bound; what does not fit there is an error,
 * never "no such user", since that would give somebody's name or uid away. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/token.h"
#include "base/workers.h"
#include "core/nss.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

/* Administrators add users one by one. */
#define QUEUE_MAX 64U
/* Groups with 100,000 members are seen in the wild. */
#define BUFFER_SIZE_FIRST 4096U
#define BUFFER_SIZE_MAX   (4U * 1024U * 1024U)

struct Nss {
        Workers *workers;
        const NssSource *source;
};

typedef struct NssJob {
        Job job;
        const NssSource *source;
        char *name;
        uint32_t uid;
        char **groups;
        NssHandler handler;
        void *userdata;
        int result;
        NssAnswer answer;
} NssJob;

void nss_user_done(NssUser *user) {
        free(user->name);
        free(user->home);
        free(user->shell);
        *user = (NssUser){ 0 };
}

static NssJob *nss_job_free(NssJob *job) {
        if (!job)
                return NULL;
        nss_user_done(&job->answer.user);
        free(job->answer.uid_name);
        free(job->answer.gid_name);
        free(job->name);
        strv_free(job->groups);
        free(job);
        return NULL;
}

DEFINE_CLEANUP(NssJob *, nss_job_free);

/* Doubles until the call is content. -ERANGE: never. */
static int buffer_grow(char **buffer, size_t *size) {
        size_t wanted = *size > 0 ? *size * 2 : BUFFER_SIZE_FIRST;
        char *grown;

        if (wanted > BUFFER_SIZE_MAX)
                return -ERANGE;
        grown = realloc(*buffer, wanted);
        if (!grown)
                return -ENOMEM;
        *buffer = grown;
        *size = wanted;
        return 0;
}

/* getpwnam(3): several errors mean that there is no such name. */
static int error_of(int error, bool found) {
        if (found)
                return 0;
        return error == 0 || error == ENOENT || error == ESRCH ? -ENOENT : -error;
}

static int user_from_passwd(const struct passwd *passwd, NssUser *ret) {
        NssUser user = {
                .name = strdup(passwd->pw_name),
                .uid = passwd->pw_uid,
                .gid = passwd->pw_gid,
                .home = strdup(passwd->pw_dir ? passwd->pw_dir : ""),
                .shell = strdup(passwd->pw_shell ? passwd->pw_shell : ""),
        };

        if (!user.name || !user.home || !user.shell) {
                nss_user_done(&user);
                return -ENOMEM;
        }
        *ret = user;
        return 0;
}

/* name NULL: by uid. */
static int system_user(const char *name, uint32_t uid, NssUser *ret) {
        _cleanup_(freep) char *buffer = NULL;
        struct passwd passwd, *found = NULL;
        size_t size = 0;
        int error = ERANGE;
        int r;

        while (error == ERANGE) {
                r = buffer_grow(&buffer, &size);
                if (r < 0)
                        return r;
                error = name ? getpwnam_r(name, &passwd, buffer, size, &found)
                             : getpwuid_r(uid, &passwd, buffer, size, &found);
        }
        r = error_of(error, found);
        return r < 0 ? r : user_from_passwd(found, ret);
}

static int system_group(const char *name, uint32_t gid, char **ret_name) {
        _cleanup_(freep) char *buffer = NULL;
        struct group group, *found = NULL;
        size_t size = 0;
        int error = ERANGE;
        int r;

        while (error == ERANGE) {
                r = buffer_grow(&buffer, &size);
                if (r < 0)
                        return r;
                error = name ? getgrnam_r(name, &group, buffer, size, &found)
                             : getgrgid_r(gid, &group, buffer, size, &found);
        }
        r = error_of(error, found);
        if (r < 0 || !ret_name)
                return r;
        *ret_name = strdup(found->gr_name);
        return *ret_name ? 0 : -ENOMEM;
}

static int system_user_by_name(const char *name, NssUser *ret) {
        return system_user(name, UID_NONE, ret);
}

static int system_user_by_uid(uint32_t uid, NssUser *ret) {
        return system_user(NULL, uid, ret);
}

static int system_group_by_name(const char *name) {
        return system_group(name, UID_NONE, NULL);
}

static int system_group_by_gid(uint32_t gid, char **ret_name) {
        return system_group(NULL, gid, ret_name);
}

const NssSource nss_source_system = {
        .user_by_name = system_user_by_name,
        .user_by_uid = system_user_by_uid,
        .group_by_name = system_group_by_name,
        .group_by_gid = system_group_by_gid,
};

static int ask_name(NssJob *job) {
        int r = job->source->user_by_name(job->name, &job->answer.user);

        if (r < 0 && r != -ENOENT)
                return r;
        job->answer.user_exists = r == 0;
        r = job->source->group_by_name(job->name);
        if (r < 0 && r != -ENOENT)
                return r;
        job->answer.group_exists = r == 0;
        return 0;
}

static int ask_uid(NssJob *job) {
        NssUser user = { 0 };
        int r = job->source->user_by_uid(job->uid, &user);

        if (r < 0 && r != -ENOENT)
                return r;
        job->answer.uid_name = TAKE_PTR(user.name);
        nss_user_done(&user);
        r = job->source->group_by_gid(job->uid, &job->answer.gid_name);
        return r == -ENOENT ? 0 : r;
}

static int ask_groups(NssJob *job) {
        for (char **group = job->groups; group && *group; group++) {
                int r = job->source->group_by_name(*group);

                if (r == -ENOENT)
                        return 0;
                if (r < 0)
                        return r;
        }
        job->answer.groups_exist = true;
        return 0;
}

static void nss_job_run(Job *base) {
        NssJob *job = (NssJob *)base;

        if (job->name)
                job->result = ask_name(job);
        if (job->result == 0 && job->uid != UID_NONE)
                job->result = ask_uid(job);
        if (job->result == 0)
                job->result = ask_groups(job);
}

static int nss_job_result(const NssJob *job) {
        if (job->job.cancelled)
                return -ECANCELED;
        return job->result < 0 && job->result != -ENOMEM ? REASON_NSS_UNAVAILABLE : job->result;
}

static void nss_job_done(Job *base) {
        _cleanup_(nss_job_freep) NssJob *job = (NssJob *)base;

        job->handler(job->userdata, nss_job_result(job), &job->answer);
}

int nss_new(sd_event *event, const NssSource *source, Nss **ret) {
        static const WorkersOptions options = { .name = "nss",
                                                .n_threads = 1,
                                                .queue_max = QUEUE_MAX };
        _cleanup_(nss_freep) Nss *nss = calloc(1, sizeof(*nss));
        int r;

        if (!nss)
                return -ENOMEM;
        nss->source = source;
        r = workers_new(event, &options, &nss->workers);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(nss);
        return 0;
}

Nss *nss_free(Nss *nss) {
        if (!nss)
                return NULL;
        nss->workers = workers_free(nss->workers);
        free(nss);
        return NULL;
}

void nss_freep(Nss **nss) {
        *nss = nss_free(*nss);
}

int nss_ask(Nss *nss, const NssQuestion *question, NssHandler handler, void *userdata) {
        _cleanup_(nss_job_freep) NssJob *job = calloc(1, sizeof(*job));
        int r;

        if (!job)
                return -ENOMEM;
        job->source = nss->source;
        job->handler = handler;
        job->userdata = userdata;
        job->uid = question->uid;
        job->job.run = nss_job_run;
        job->job.done = nss_job_done;
        if (question->name && !(job->name = strdup(question->name)))
                return -ENOMEM;
        if (question->groups && strv_copy(question->groups, &job->groups) < 0)
                return -ENOMEM;
        r = workers_submit(nss->workers, &job->job);
        if (r == -EAGAIN)
                return REASON_OVERLOADED;
        if (r < 0)
                return r;
        TAKE_PTR(job);
        return 0;
}
