/* Opens the files and answers the questions of standard input; see program.rs. */

#include "leaksieve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINE = 1 << 16, MAX_KEYS = 8 };

static const char *const KINDS[] = {"",   "phone",    "email", "username",
                                    "id", "password", "sha1",  "ntlm"};

static const char *const STATUSES[] = {
    "Ok",     "BadArgument", "Unreadable", "NotAFilter", "Damaged", "Forged",
    "NotTrusted", "Outdated", "TooNew",    "BadKey",     "Internal"};

static int64_t read_at(void *context, uint64_t offset_bytes, uint8_t *buffer, size_t num_bytes) {
    return pread(*(int *)context, buffer, num_bytes, (off_t)offset_bytes);
}

static void refused(LeaksieveStatus status, const LeaksieveMessage *message) {
    printf("error\t%s\t%s\n", STATUSES[status], message->text);
}

/* In the host's words. */
static void print_covers(const LeaksieveDataset *dataset) {
    const char *kind = KINDS[dataset->kind];
    switch (dataset->rule) {
    case LEAKSIEVE_RULE_EMAIL: printf("\t%s", kind); break;
    case LEAKSIEVE_RULE_PHONE_REGION:
        printf("\t%s, %s +%" PRIu32, kind, dataset->region, dataset->calling_code);
        break;
    case LEAKSIEVE_RULE_PHONE_WORLD: printf("\t%s, all countries", kind); break;
    case LEAKSIEVE_RULE_CASE_FOLDED: printf("\t%s, case folded", kind); break;
    case LEAKSIEVE_RULE_CASE_EXACT: printf("\t%s, case exact", kind); break;
    case LEAKSIEVE_RULE_CHINESE_RESIDENT_ID: printf("\t%s, Chinese resident", kind); break;
    case LEAKSIEVE_RULE_SHA1: printf("\t%s, as SHA-1", kind); break;
    case LEAKSIEVE_RULE_NTLM: printf("\t%s, as NTLM", kind); break;
    default: abort();
    }
    if (dataset->are_separators_kept)
        printf(", blanks and dashes count");
}

/* A number, or nothing for 0, which means "none". */
static void print_or_none(uint64_t number) {
    if (number == 0)
        printf("\t");
    else
        printf("\t%" PRIu64, number);
}

static LeaksieveDataset dataset_of(const LeaksieveFilter *filter, uint32_t index) {
    LeaksieveDataset dataset;
    if (leaksieve_dataset(filter, index, &dataset, NULL) != LEAKSIEVE_STATUS_OK)
        abort();
    return dataset;
}

static void print_about(const LeaksieveFilter *filter) {
    LeaksieveAbout about;
    if (leaksieve_about(filter, &about, NULL) != LEAKSIEVE_STATUS_OK)
        abort();
    printf("open\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, about.file_id, about.size_bytes,
           about.num_trailing_bytes, about.created_unix_s);
    print_or_none(about.expires_unix_s);
    printf("\t%s\t%" PRIu32 "\t%s", about.has_expired ? "true" : "false", about.epoch, about.signer);
    for (uint32_t index = 0; index < about.num_datasets; index++) {
        LeaksieveDataset dataset = dataset_of(filter, index);
        printf("\t%s\t%s\t%s\t%s", dataset.name, dataset.date, dataset.source_note,
               KINDS[dataset.kind]);
        print_covers(&dataset);
        printf("\t%" PRIu64 "\t%" PRIu64, dataset.num_items, dataset.num_rejected);
        print_or_none(dataset.min_count);
        print_or_none(dataset.false_alarm_one_in);
    }
    printf("\n");
}

static void print_answers(const LeaksieveFilter *filter, const LeaksieveVerdict *verdict,
                          LeaksieveOutcome outcome) {
    for (uint32_t i = 0; i < verdict->num_answers; i++) {
        const LeaksieveAnswer *answer = &verdict->answers[i];
        if (answer->outcome != outcome)
            continue;
        LeaksieveDataset dataset = dataset_of(filter, answer->dataset);
        printf("\t%s\t%s", dataset.name, dataset.date);
        switch (outcome) {
        case LEAKSIEVE_OUTCOME_EXPOSED:
            print_or_none(answer->false_alarm_one_in);
            printf("\t%s", answer->text);
            break;
        case LEAKSIEVE_OUTCOME_NOT_COVERED:
            if (answer->reason == 0)
                abort();
            printf("\t%s", answer->text);
            break;
        default:
            printf("\t%" PRIu64, dataset.num_rejected);
            print_or_none(dataset.min_count);
        }
    }
}

static void print_verdict(const LeaksieveFilter *filter, const LeaksieveVerdict *verdict) {
    uint32_t num_gaps = 0;
    switch (verdict->outcome) {
    case LEAKSIEVE_OUTCOME_EXPOSED:
        printf("exposed");
        print_answers(filter, verdict, LEAKSIEVE_OUTCOME_EXPOSED);
        break;
    case LEAKSIEVE_OUTCOME_NOT_EXPOSED:
        printf("not_exposed");
        print_answers(filter, verdict, LEAKSIEVE_OUTCOME_NOT_EXPOSED);
        break;
    case LEAKSIEVE_OUTCOME_NOT_COVERED:
        for (uint32_t i = 0; i < verdict->num_answers; i++)
            num_gaps += verdict->answers[i].outcome == LEAKSIEVE_OUTCOME_NOT_COVERED;
        printf("not_covered\t%" PRIu32, num_gaps);
        print_answers(filter, verdict, LEAKSIEVE_OUTCOME_NOT_COVERED);
        print_answers(filter, verdict, LEAKSIEVE_OUTCOME_NOT_EXPOSED);
        break;
    default: abort();
    }
    printf("\n");
}

/* The next field of a line; empty ones count. */
static char *field(char **rest) {
    char *start = *rest;
    char *end = start + strcspn(start, "\t");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

static LeaksieveFilter *open_file(char *rest, int *descriptor) {
    const char *way = field(&rest), *path = field(&rest);
    char *keys = field(&rest);
    const char *list[MAX_KEYS];
    LeaksieveTrust trust = {list, 0, 0, 0};
    trust.min_epoch = (uint32_t)strtoul(field(&rest), NULL, 10);
    trust.allow_expired = (uint32_t)strtoul(field(&rest), NULL, 10);
    for (char *key = strtok(keys, ","); key != NULL && trust.num_keys < MAX_KEYS;
         key = strtok(NULL, ","))
        list[trust.num_keys++] = key;

    LeaksieveFilter *filter;
    LeaksieveMessage message;
    LeaksieveStatus status;
    if (strcmp(way, "path") == 0) {
        status = leaksieve_open(path, &trust, &filter, &message);
    } else {
        *descriptor = open(path, O_RDONLY);
        struct stat about;
        if (*descriptor < 0) {
            /* Before leaksieve came into it. */
            printf("error\tUnreadable\t%s (os error %d)\n", strerror(errno), errno);
            return NULL;
        }
        if (fstat(*descriptor, &about) != 0)
            abort();
        if (strcmp(way, "reader") == 0 && S_ISDIR(about.st_mode)) {
            /* A program's own reader would not get this far. */
            printf("error\tUnreadable\tis a directory\n");
            return NULL;
        }
        if (strcmp(way, "reader") == 0) {
            LeaksieveReader reader = {descriptor, (uint64_t)about.st_size, read_at};
            status = leaksieve_open_reader(&reader, &trust, &filter, &message);
        } else {
            status = leaksieve_open_descriptor(*descriptor, &trust, &filter, &message);
            close(*descriptor);
            *descriptor = -1;
        }
    }
    if ((status == LEAKSIEVE_STATUS_OK) != (filter != NULL))
        abort();
    if (status != LEAKSIEVE_STATUS_OK)
        refused(status, &message);
    else
        print_about(filter);
    return filter;
}

static void ask(const LeaksieveFilter *filter, char *rest) {
    int32_t kind = (int32_t)strtol(field(&rest), NULL, 10);
    size_t num_bytes = strlen(rest) / 2;
    /* Of its exact size, so that a byte too far is noticed. */
    uint8_t *text = malloc(num_bytes);
    for (size_t i = 0; i < num_bytes; i++) {
        char digits[3] = {rest[2 * i], rest[2 * i + 1], '\0'};
        text[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    LeaksieveVerdict verdict;
    LeaksieveMessage message;
    LeaksieveStatus status = leaksieve_check(filter, text, num_bytes, kind, &verdict, &message);
    if (status == LEAKSIEVE_STATUS_OK) {
        print_verdict(filter, &verdict);
    } else {
        if (verdict.outcome != LEAKSIEVE_OUTCOME_NONE)
            abort();
        refused(status, &message);
    }
    free(text);
}

int main(void) {
    static char line[MAX_LINE];
    LeaksieveFilter *filter = NULL;
    int descriptor = -1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line;
        if (strcmp(field(&rest), "open") == 0) {
            leaksieve_close(filter);
            if (descriptor >= 0)
                close(descriptor);
            descriptor = -1;
            filter = open_file(rest, &descriptor);
        } else if (filter == NULL) {
            printf("closed\n");
        } else {
            ask(filter, rest);
        }
        fflush(stdout);
    }
    leaksieve_close(filter);
    if (descriptor >= 0)
        close(descriptor);
    return ferror(stdin) || fflush(stdout) != 0;
}
