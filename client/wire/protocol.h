#pragma once

/* Names and limits that both ends of the socket must agree on. */

#define TOKEND_SOCKET_PATH "/run/tokend/tokend.sock"

/* All users that tokend has (daemon/userdb/snapshot.h), those of /etc/passwd included that it has
 * taken on: all others of /etc/passwd need not ask it. */
#define SNAPSHOT_PATH       "/run/tokend/userdb/snapshot"
#define SNAPSHOT_FIRST_LINE "tokend-userdb 2\n"
/* The state of who is let in to change the password, and to nothing else. */
#define SNAPSHOT_MUST_CHANGE_WORD "must-change"

/* The account that runs the daemon; clients trust a socket of root's or of its. */
#define TOKEND_USER_NAME "tokend"

/* 32 random bytes as hex: short enough for sshd (1,024) and PAM helpers (512). */
#define TOKEN_TEXT_SIZE 64
/* The first half of the hash's hex digits. */
#define TOKEN_ID_SIZE 32

/* utmp and useradd stop at 32; directories of people go further. */
#define USER_NAME_MAX 255
/* sshd refuses more. */
#define PASSWORD_MAX 1024
#define TYPE_FORM "application/x-www-form-urlencoded"
#define TYPE_JSON "application/json"

/* A request's or a reply's body; bulk calls have a limit of their own. */
#define BODY_MAX (64U * 1024U)
/* More fields than any form of ours has. */
#define FORM_FIELDS_MAX 64U
/* A bulk call names at most some thousand ids; lists come in pages of 1,000. */
#define JSON_NODES_MAX 65536U
#define JSON_DEPTH_MAX 32U
/* Answers of lists: rows a page. */
#define PAGE_ROWS_MAX 1000U

/* sshd gives the user "another" password than was typed when NSS does not know the name: this,
 * repeated (auth-pam.c, fake_password()). */
#define SSHD_JUNK_PASSWORD "\b\n\r\177INCORRECT"

/* The PAM environment variable that carries a login's public id through sshd's processes. */
#define LOGIN_VARIABLE "TOKEND_LOGIN"
/* Where a session finds its token, when an administrator asked for that (pam_tokend(8)). */
#define TOKEN_VARIABLE      "TOKEND_TOKEN"
#define TOKEN_FILE_VARIABLE "TOKEND_TOKEN_FILE"
/* Root's: a file for each session, named after its login. */
#define TOKEN_FOLDER "/run/tokend/tokens"

/* The module's deadline for one question, and the most that timeout= may ask for. */
#define LOGIN_TIMEOUT_MSEC     3000U
#define LOGIN_TIMEOUT_MAX_MSEC 60000U
