/* Dates by their exact form only: what is cut short or has something behind it is refused, since a
 * date that was read wrong locks somebody out. An hour that the clocks leave out in spring is read
 * as mktime(3) reads it; a day that does not exist is not. */

#include "ctl/date-input.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "wire/text.h"

/* The last second of the year 9999, UTC. */
#define SECONDS_MAX INT64_C(253402300799)

/* clang-format off */
static const char *const forms[] = {
        "dddd-dd-dd",
        "dddd-dd-dd dd:dd",
        "dddd-dd-dd dd:dd:dd",
};
/* clang-format on */

static bool has_form(const char *text, const char *form) {
        for (; *form; text++, form++)
                if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
                        return false;
        return *text == '\0';
}

static bool is_date(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(forms); i++)
                if (has_form(text, forms[i]))
                        return true;
        return false;
}

static int days_in(int month, int year) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return days[month - 1] + (month == 2 && is_leap);
}

static int local_parse(const char *text, int64_t *ret) {
        int year, month, day, hour = 0, minute = 0, second = 0;
        struct tm local = { .tm_isdst = -1 };
        time_t t;

        if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) <
            3)
                return -EINVAL;
        if (month < 1 || month > 12 || day < 1 || day > days_in(month, year) || hour > 23 ||
            minute > 59 || second > 59)
                return -EINVAL;
        local.tm_year = year - 1900;
        local.tm_mon = month - 1;
        local.tm_mday = day;
        local.tm_hour = hour;
        local.tm_min = minute;
        local.tm_sec = second;
        t = mktime(&local);
        if (t == (time_t)-1)
                return -ERANGE;
        *ret = t;
        return 0;
}

int date_parse(const char *text, int64_t *ret_seconds) {
        int64_t seconds;
        int r;

        if (streq(text, "never")) {
                *ret_seconds = 0;
                return 0;
        }
        if (is_date(text))
                r = local_parse(text, &seconds);
        else
                r = parse_int64(text[0] == '@' ? text + 1 : text, &seconds);
        if (r < 0)
                return r;
        /* 0 would mean the opposite of what it says. */
        if (seconds <= 0 || seconds > SECONDS_MAX)
                return -ERANGE;
        *ret_seconds = seconds;
        return 0;
}
