/* Calls as they should not be, readers that fail, several threads, and a file of 2 GiB.
 * misuse SMALL MEMBER STRANGER LARGE MEMBER STRANGER */

#include "leaksieve.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

typedef struct {
    int descriptor;
    /* What a read gives: more than 0, so many bytes; 0 or less, that number. */
    int64_t gives;
    uint64_t num_reads, num_bytes;
} Source;

static int64_t read_at(void *context, uint64_t offset_bytes, uint8_t *buffer, size_t num_bytes) {
    Source *source = context;
    source->num_reads++;
    source->num_bytes += num_bytes;
    if (source->gives <= 0)
        return source->gives;
    MUST(pread(source->descriptor, buffer, num_bytes, (off_t)offset_bytes) == (ssize_t)num_bytes);
    return source->gives;
}

static LeaksieveVerdict stale(void) {
    LeaksieveVerdict verdict;
    memset(&verdict, 0, sizeof verdict);
    verdict.outcome = LEAKSIEVE_OUTCOME_NOT_EXPOSED;
    verdict.num_answers = 1;
    return verdict;
}

static LeaksieveOutcome ask(const LeaksieveFilter *filter, const char *text) {
    LeaksieveVerdict verdict = stale();
    LeaksieveStatus status =
        leaksieve_check(filter, (const uint8_t *)text, strlen(text), 0, &verdict, NULL);
    MUST((status == LEAKSIEVE_STATUS_OK) == (verdict.outcome != LEAKSIEVE_OUTCOME_NONE));
    return verdict.outcome;
}

static void bad_arguments(const char *path) {
    LeaksieveFilter *filter = NULL;
    LeaksieveMessage message;
    const LeaksieveStatus bad = LEAKSIEVE_STATUS_BAD_ARGUMENT;
    MUST(leaksieve_open(NULL, NULL, &filter, &message) == bad);
    MUST(filter == NULL && strcmp(message.text, "path is null") == 0);
    MUST(leaksieve_open(path, NULL, NULL, &message) == bad);
    MUST(strcmp(message.text, "filter is null") == 0);
    MUST(leaksieve_open(path, NULL, NULL, NULL) == bad);
    char *misaligned = (char *)&filter + 1;
    MUST(leaksieve_open(path, NULL, (LeaksieveFilter **)(void *)misaligned, &message) == bad);
    MUST(leaksieve_open_reader(NULL, NULL, &filter, &message) == bad);
    LeaksieveReader reader = {NULL, 512, NULL};
    MUST(leaksieve_open_reader(&reader, NULL, &filter, &message) == bad);
    MUST(strcmp(message.text, "read_at is null") == 0);
    MUST(leaksieve_open_descriptor(-1, NULL, &filter, &message) == LEAKSIEVE_STATUS_UNREADABLE);
    MUST(leaksieve_open_descriptor(9999, NULL, &filter, &message) == LEAKSIEVE_STATUS_UNREADABLE);
    MUST(message.text[0] != '\0');

    LeaksieveTrust trust = {NULL, 1, 0, 0};
    MUST(leaksieve_open(path, &trust, &filter, &message) == bad);
    const char *keys[] = {NULL, "12"};
    trust.keys = keys;
    MUST(leaksieve_open(path, &trust, &filter, &message) == bad);
    trust.keys = keys + 1;
    MUST(leaksieve_open(path, &trust, &filter, &message) == LEAKSIEVE_STATUS_BAD_KEY);
    MUST(strstr(message.text, "64 hexadecimal digits") != NULL && filter == NULL);
    trust.num_keys = 0;
    MUST(leaksieve_open(path, &trust, &filter, &message) == LEAKSIEVE_STATUS_OK);
    MUST(filter != NULL && message.text[0] == '\0');

    const uint8_t *text = (const uint8_t *)"nobody";
    LeaksieveVerdict verdict = stale();
    MUST(leaksieve_check(NULL, text, 6, 0, &verdict, &message) == bad);
    MUST(verdict.outcome == LEAKSIEVE_OUTCOME_NONE && verdict.num_answers == 0);
    verdict = stale();
    MUST(leaksieve_check(filter, NULL, 6, 0, &verdict, &message) == bad);
    MUST(verdict.outcome == LEAKSIEVE_OUTCOME_NONE && strcmp(message.text, "text is null") == 0);
    verdict = stale();
    MUST(leaksieve_check(filter, text, SIZE_MAX, 0, &verdict, &message) == bad);
    MUST(verdict.outcome == LEAKSIEVE_OUTCOME_NONE);
    MUST(leaksieve_check(filter, text, 6, 0, NULL, &message) == bad);
    const int32_t kinds[] = {-1, 8, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        verdict = stale();
        MUST(leaksieve_check(filter, text, 6, kinds[i], &verdict, &message) == bad);
        MUST(verdict.outcome == LEAKSIEVE_OUTCOME_NONE);
    }
    /* Nothing is a text like any other. */
    MUST(leaksieve_check(filter, NULL, 0, 0, &verdict, &message) == LEAKSIEVE_STATUS_OK);
    MUST(verdict.outcome == LEAKSIEVE_OUTCOME_NOT_COVERED);
    MUST(verdict.answers[0].reason == LEAKSIEVE_REASON_EMPTY);

    LeaksieveAbout about;
    LeaksieveDataset dataset;
    MUST(leaksieve_about(NULL, &about, &message) == bad);
    MUST(leaksieve_about(filter, NULL, &message) == bad);
    MUST(leaksieve_dataset(NULL, 0, &dataset, &message) == bad);
    MUST(leaksieve_dataset(filter, 0, NULL, &message) == bad);
    MUST(leaksieve_dataset(filter, 1, &dataset, &message) == bad);
    MUST(leaksieve_dataset(filter, UINT32_MAX, &dataset, &message) == bad);
    leaksieve_close(filter);
    leaksieve_close(NULL);
}

static void failing_readers(const char *path, const char *member, const char *stranger) {
    struct stat about;
    Source source = {open(path, O_RDONLY), 512, 0, 0};
    MUST(source.descriptor >= 0 && fstat(source.descriptor, &about) == 0);
    LeaksieveReader reader = {&source, (uint64_t)about.st_size, read_at};
    LeaksieveFilter *filter;
    LeaksieveMessage message;
    LeaksieveVerdict verdict;
    const int64_t wrong[] = {-1, 0, 1, 511, 513, INT64_MAX, INT64_MIN};
    const size_t num_wrong = sizeof wrong / sizeof *wrong;
    for (size_t i = 0; i < num_wrong; i++) {
        source.gives = wrong[i];
        MUST(leaksieve_open_reader(&reader, NULL, &filter, &message) ==
             LEAKSIEVE_STATUS_UNREADABLE);
        MUST(filter == NULL && message.text[0] != '\0');
    }
    source.gives = 512;
    MUST(leaksieve_open_reader(&reader, NULL, &filter, NULL) == LEAKSIEVE_STATUS_OK);
    for (size_t i = 0; i < num_wrong; i++) {
        source.gives = wrong[i];
        verdict = stale();
        MUST(leaksieve_check(filter, (const uint8_t *)stranger, strlen(stranger), 0, &verdict,
                             &message) == LEAKSIEVE_STATUS_UNREADABLE);
        MUST(verdict.outcome == LEAKSIEVE_OUTCOME_NONE && message.text[0] != '\0');
        MUST(strstr(message.text, stranger) == NULL);
        source.gives = 512;
        MUST(ask(filter, member) == LEAKSIEVE_OUTCOME_EXPOSED);
        MUST(ask(filter, stranger) == LEAKSIEVE_OUTCOME_NOT_EXPOSED);
    }
    leaksieve_close(filter);
    close(source.descriptor);
}

typedef struct {
    const LeaksieveFilter *filter;
    const char *member, *stranger;
} Asked;

static void *ask_often(void *context) {
    const Asked *asked = context;
    for (int i = 0; i < 500; i++) {
        MUST(ask(asked->filter, asked->member) == LEAKSIEVE_OUTCOME_EXPOSED);
        MUST(ask(asked->filter, asked->stranger) == LEAKSIEVE_OUTCOME_NOT_EXPOSED);
    }
    return NULL;
}

static void threads(const char *path, const char *member, const char *stranger) {
    LeaksieveFilter *filter;
    MUST(leaksieve_open(path, NULL, &filter, NULL) == LEAKSIEVE_STATUS_OK);
    Asked asked = {filter, member, stranger};
    pthread_t running[4];
    for (int i = 0; i < 4; i++)
        MUST(pthread_create(&running[i], NULL, ask_often, &asked) == 0);
    for (int i = 0; i < 4; i++)
        MUST(pthread_join(running[i], NULL) == 0);
    leaksieve_close(filter);
}

static void large(const char *path, const char *member, const char *stranger) {
    struct stat about;
    Source source = {open(path, O_RDONLY), 512, 0, 0};
    MUST(source.descriptor >= 0 && fstat(source.descriptor, &about) == 0);
    LeaksieveReader reader = {&source, (uint64_t)about.st_size, read_at};
    LeaksieveFilter *filter;
    MUST(leaksieve_open_reader(&reader, NULL, &filter, NULL) == LEAKSIEVE_STATUS_OK);
    MUST(source.num_reads == 1 && source.num_bytes == 512);
    MUST(ask(filter, member) == LEAKSIEVE_OUTCOME_EXPOSED);
    MUST(source.num_reads == 2 && source.num_bytes == 1024);
    MUST(ask(filter, stranger) == LEAKSIEVE_OUTCOME_NOT_EXPOSED);
    MUST(source.num_reads == 3 && source.num_bytes == 1536);
    leaksieve_close(filter);
    close(source.descriptor);
}

/* In the middle of a larger file, and pipes. */
static void regions(const char *path, const char *member, const char *stranger) {
    static uint8_t content[1 << 20];
    FILE *file = fopen(path, "rb"), *larger = tmpfile();
    MUST(file != NULL && larger != NULL);
    const int64_t num_bytes = (int64_t)fread(content, 1, sizeof content, file);
    MUST(feof(file) && fseek(larger, 1237, SEEK_SET) == 0);
    MUST(fwrite(content, 1, (size_t)num_bytes, larger) == (size_t)num_bytes);
    MUST(fputs("behind", larger) >= 0 && fflush(larger) == 0);
    LeaksieveFilter *filter = NULL;
    LeaksieveMessage message;
    const int descriptor = fileno(larger);
    const LeaksieveStatus unreadable = LEAKSIEVE_STATUS_UNREADABLE;
    MUST(leaksieve_open_region(descriptor, 1237, num_bytes + 7, NULL, &filter, &message) == unreadable);
    MUST(leaksieve_open_region(descriptor, -1, num_bytes, NULL, &filter, &message) == unreadable);
    MUST(leaksieve_open_region(descriptor, 1237, -1, NULL, &filter, &message) == unreadable);
    MUST(filter == NULL && strstr(message.text, "a length of -1 bytes makes no sense") != NULL);
    MUST(leaksieve_open_region(descriptor, 1237, num_bytes, NULL, &filter, NULL) == LEAKSIEVE_STATUS_OK);
    fclose(larger);
    fclose(file);
    MUST(ask(filter, member) == LEAKSIEVE_OUTCOME_EXPOSED);
    MUST(ask(filter, stranger) == LEAKSIEVE_OUTCOME_NOT_EXPOSED);
    leaksieve_close(filter);

    int ends[2];
    MUST(pipe(ends) == 0);
    MUST(leaksieve_open_descriptor(ends[0], NULL, &filter, &message) == unreadable);
    MUST(strstr(message.text, "this is a pipe; copy it to a file first") != NULL);
    close(ends[0]);
    close(ends[1]);
}

int main(int num_arguments, char **arguments) {
    MUST(num_arguments == 7);
    bad_arguments(arguments[1]);
    failing_readers(arguments[1], arguments[2], arguments[3]);
    threads(arguments[1], arguments[2], arguments[3]);
    regions(arguments[1], arguments[2], arguments[3]);
    large(arguments[4], arguments[5], arguments[6]);
    printf("done\n");
    return 0;
}
