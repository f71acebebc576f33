/* leaksieve for C: ask a filter file whether an identifier is in a leak.
 *
 * A text that is not exposed gives LEAKSIEVE_OUTCOME_NOT_EXPOSED, and nothing else does: look at the
 * status of a call, then at the outcome. phone/README.md has an example.
 *
 * Made of phone/src/c by `cargo xtask bindings`. */

#ifndef LEAKSIEVE_H
#define LEAKSIEVE_H

#include <stddef.h>
#include <stdint.h>

#if !defined(_WIN32)
#define LEAKSIEVE_UNIX
#endif

// What became of a call.
enum LeaksieveStatus
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It did what it should.
    LEAKSIEVE_STATUS_OK = 0,
    // A pointer is null or not aligned, or a number is none that it may be.
    LEAKSIEVE_STATUS_BAD_ARGUMENT = 1,
    // The file cannot be opened or read, or the reader failed or gave too few bytes.
    LEAKSIEVE_STATUS_UNREADABLE = 2,
    // The file is something else.
    LEAKSIEVE_STATUS_NOT_A_FILTER = 3,
    // The file is cut short or was changed by accident: fetch it again.
    LEAKSIEVE_STATUS_DAMAGED = 4,
    // The file was changed after it was signed: fetch it again.
    LEAKSIEVE_STATUS_FORGED = 5,
    // None of the trusted keys signed the file.
    LEAKSIEVE_STATUS_NOT_TRUSTED = 6,
    // The file is older than the oldest publication that is accepted.
    LEAKSIEVE_STATUS_OUTDATED = 7,
    // The file is of a newer format than this library reads.
    LEAKSIEVE_STATUS_TOO_NEW = 8,
    // A key that is to be trusted is none.
    LEAKSIEVE_STATUS_BAD_KEY = 9,
    // A defect of this library.
    LEAKSIEVE_STATUS_INTERNAL = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum LeaksieveStatus LeaksieveStatus;
#else
typedef int32_t LeaksieveStatus;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a file, or one leak of it, says of a text.
enum LeaksieveOutcome
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Nothing: the call failed.
    LEAKSIEVE_OUTCOME_NONE = 0,
    // A file: at least one leak has it. A leak: it has it, or this is a false alarm.
    LEAKSIEVE_OUTCOME_EXPOSED = 1,
    // A file: every leak that was asked covers it, and none has it. A leak: it covers it, and
    // does not have it.
    LEAKSIEVE_OUTCOME_NOT_EXPOSED = 2,
    // It cannot say.
    LEAKSIEVE_OUTCOME_NOT_COVERED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum LeaksieveOutcome LeaksieveOutcome;
#else
typedef int32_t LeaksieveOutcome;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a text is.
enum LeaksieveKind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // A telephone number.
    LEAKSIEVE_KIND_PHONE = 1,
    // An e-mail address.
    LEAKSIEVE_KIND_EMAIL = 2,
    // A login or display name.
    LEAKSIEVE_KIND_USERNAME = 3,
    // A number or code that an authority or a service gave to a person.
    LEAKSIEVE_KIND_ID = 4,
    // A password as it is typed.
    LEAKSIEVE_KIND_PASSWORD = 5,
    // The SHA-1 of a password, 40 hexadecimal digits.
    LEAKSIEVE_KIND_SHA1 = 6,
    // The NTLM hash of a password, 32 hexadecimal digits.
    LEAKSIEVE_KIND_NTLM = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum LeaksieveKind LeaksieveKind;
#else
typedef int32_t LeaksieveKind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which of its kind a leak can be asked about.
enum LeaksieveRule
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // E-mail addresses.
    LEAKSIEVE_RULE_EMAIL = 1,
    // Telephone numbers of one region.
    LEAKSIEVE_RULE_PHONE_REGION = 2,
    // Telephone numbers of all countries; each needs its country code.
    LEAKSIEVE_RULE_PHONE_WORLD = 3,
    // Names or ids; `Alice` and `alice` are one.
    LEAKSIEVE_RULE_CASE_FOLDED = 4,
    // Names or ids; `Alice` and `alice` are two.
    LEAKSIEVE_RULE_CASE_EXACT = 5,
    // Resident ids of the People's Republic of China.
    LEAKSIEVE_RULE_CHINESE_RESIDENT_ID = 6,
    // Passwords, of which the file holds the SHA-1.
    LEAKSIEVE_RULE_SHA1 = 7,
    // Passwords, of which the file holds the NTLM hash.
    LEAKSIEVE_RULE_NTLM = 8,
    // What a newer library knows.
    LEAKSIEVE_RULE_OTHER = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum LeaksieveRule LeaksieveRule;
#else
typedef int32_t LeaksieveRule;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why a leak cannot say.
enum LeaksieveReason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It lacks the text, but the file expired: what was leaked since is not in it.
    LEAKSIEVE_REASON_EXPIRED = 1,
    // It holds another kind of identifier than was asked for.
    LEAKSIEVE_REASON_OTHER_KIND = 2,
    // Nothing but white space.
    LEAKSIEVE_REASON_EMPTY = 3,
    // Longer than an identifier can be.
    LEAKSIEVE_REASON_TOO_LONG = 4,
    // Not UTF-8, where this kind needs it.
    LEAKSIEVE_REASON_NOT_UTF8 = 5,
    // A control character.
    LEAKSIEVE_REASON_CONTROL_CHARACTER = 6,
    // A letter or sign that this kind cannot have.
    LEAKSIEVE_REASON_UNEXPECTED_CHARACTER = 7,
    // Letters that could not be brought to one spelling.
    LEAKSIEVE_REASON_NEEDS_FOLDING = 8,
    // Fewer digits than any telephone number of its country has.
    LEAKSIEVE_REASON_TOO_FEW_DIGITS = 9,
    // More digits than any telephone number of its country has.
    LEAKSIEVE_REASON_TOO_MANY_DIGITS = 10,
    // A count of digits between two that are possible.
    LEAKSIEVE_REASON_IMPOSSIBLE_LENGTH = 11,
    // A telephone number that its country's numbering plan does not have: the area code or a
    // digit may be missing, or it is one of another country without its country code.
    LEAKSIEVE_REASON_OUTSIDE_NUMBERING_PLAN = 12,
    // A telephone number without the country code that this file needs.
    LEAKSIEVE_REASON_NEEDS_COUNTRY_CODE = 13,
    // A telephone number of another country than the leak covers.
    LEAKSIEVE_REASON_OTHER_COUNTRY = 14,
    // Not an e-mail address.
    LEAKSIEVE_REASON_NOT_AN_EMAIL = 15,
    // Not an id of this scheme.
    LEAKSIEVE_REASON_NOT_AN_ID = 16,
    // The check digit is wrong: mistyped, or not such an id.
    LEAKSIEVE_REASON_CHECK_DIGIT = 17,
    // Not hexadecimal, or not of this hash's length.
    LEAKSIEVE_REASON_NOT_A_HASH = 18,
    // Asked as a password, but it looks like the hash of one.
    LEAKSIEVE_REASON_LOOKS_LIKE_A_HASH = 19,
    // What a newer core knows; the message says it.
    LEAKSIEVE_REASON_OTHER = 20,
    // Some of its characters are hidden, as in `a***n@example.com`.
    LEAKSIEVE_REASON_MASKED = 21,
    // A telephone number with a fraction, as spreadsheets write it: `13800138000.0`.
    LEAKSIEVE_REASON_FRACTION = 22,
    // A telephone number with an exponent, which has lost digits: `1.38E+10`.
    LEAKSIEVE_REASON_EXPONENT = 23,
    // It can mean too many things.
    LEAKSIEVE_REASON_TOO_MANY_READINGS = 24,
    // A password with letters outside ASCII: the list has some that are not UTF-8 text, and
    // this one may be among them.
    LEAKSIEVE_REASON_LIST_NOT_UTF8 = 25,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum LeaksieveReason LeaksieveReason;
#else
typedef int32_t LeaksieveReason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// An open file. Several threads may ask it at once.
typedef struct LeaksieveFilter LeaksieveFilter;

// Which files are accepted.
typedef struct {
    // Public keys, each as its 64 hexadecimal digits, ended by a NUL: only what one of them
    // signed is accepted. May be null when there are none.
    const char *const *keys;
    // How many. 0: every file is accepted, also unsigned ones and those that anybody signed.
    size_t num_keys;
    // Files of a lower epoch are refused.
    uint32_t min_epoch;
    // Not 0: say "not exposed" of a file past its expiry too; it then means: not as of that day.
    uint32_t allow_expired;
} LeaksieveTrust;

// Why a call failed, in English, for people; empty when it did not. No identifier is in it.
typedef struct {
    // UTF-8, ended by a NUL; cut off where it is longer.
    char text[256];
} LeaksieveMessage;

// Reads the `num_bytes` bytes that begin at `offset_bytes` into `buffer`, and says how many it
// read: all else than `num_bytes` is an error. It is called on the threads that open and ask, at
// once if those do. It must return: neither jump nor throw out of it.
typedef int64_t (*LeaksieveReadAt)(void *context,
                                   uint64_t offset_bytes,
                                   uint8_t *buffer,
                                   size_t num_bytes);

// Reads a file that the caller alone can reach.
typedef struct {
    // Handed to `read_at`.
    void *context;
    // Length of the file; bytes.
    uint64_t size_bytes;
    // What reads it; not null.
    LeaksieveReadAt read_at;
} LeaksieveReader;

// What one leak says of a text. `leaksieve_dataset` has its name and date, and what its list
// lacks.
typedef struct {
    // Which leak.
    uint32_t dataset;
    // What it says.
    LeaksieveOutcome outcome;
    // Why it cannot say: a `LeaksieveReason`. 0 where it can.
    int32_t reason;
    // If it has the text: of so many people who are not in it and ask such a text, one is told
    // this too; 0: nobody is, it is certain, but see what `text` says. Else 0.
    uint64_t false_alarm_one_in;
    // Why it cannot say, in English words. If it has the text: how it was found, in words that
    // stand behind "found", and empty if it was as typed. Else empty.
    char text[96];
} LeaksieveAnswer;

// What a file says of a text.
typedef struct {
    // The verdict.
    LeaksieveOutcome outcome;
    // How many of `answers` there are.
    uint32_t num_answers;
    // If it is exposed: the leaks that have it. Else: each leak that was asked.
    LeaksieveAnswer answers[8];
} LeaksieveVerdict;

// What a file holds.
typedef struct {
    // Tells this file from others: 32 hexadecimal digits.
    char file_id[33];
    // The key that signed it, 64 hexadecimal digits; empty: nobody did. It says something only
    // of who is trusted: anybody can make a key.
    char signer[65];
    // Length of the file; bytes.
    uint64_t size_bytes;
    // Bytes behind the last sector that the header speaks of. A whole file has none.
    uint64_t num_trailing_bytes;
    // When it was made; seconds since 1970-01-01 UTC.
    uint64_t created_unix_s;
    // From when on a newer one should be there; seconds since 1970-01-01 UTC. 0: never.
    uint64_t expires_unix_s;
    // Counts publications; 0 when unused.
    uint32_t epoch;
    // Not 0: it is past its expiry, by the clock of this device.
    uint32_t has_expired;
    // Leaks in it: 1 to 8.
    uint32_t num_datasets;
} LeaksieveAbout;

// One leak of a file.
typedef struct {
    // Name of the breach; UTF-8.
    char name[65];
    // When it happened: `2021-06-11`, `2021-06` or `2021`; empty: unknown.
    char date[16];
    // Where the list came from; UTF-8, may be empty.
    char source_note[97];
    // Of telephone numbers of one region: its two letters (ISO 3166-1). Else empty.
    char region[3];
    // Of telephone numbers of one region: what stands behind the `+`. Else 0.
    uint32_t calling_code;
    // What a person types for it.
    LeaksieveKind kind;
    // Which of that kind it can be asked about.
    LeaksieveRule rule;
    // What the list counts fewer times was left out. 0: nothing was.
    uint32_t min_count;
    // Not 0: ids; `12-3` and `123` are two.
    uint32_t are_separators_kept;
    // Distinct items of all readings.
    uint64_t num_items;
    // Lines of the list that could not be read: the file says nothing about them.
    uint64_t num_rejected;
    // Lines of the list that can mean several things, and were stored as each: a text that is
    // exposed may be one that never leaked.
    uint64_t num_extra;
    // Of so many people who are not in it, one is told "exposed", if what they ask can mean one
    // thing alone. An answer has the odds of the question that was asked. 0: nobody is; the file
    // has the numbers themselves.
    uint64_t false_alarm_one_in;
} LeaksieveDataset;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Open the file of a path, which is UTF-8, or what the system takes for a path.
//
// # Safety
// `path`, and each key, is null or ends with a NUL. `trust` is null, for every file, or leads to
// a `LeaksieveTrust` with as many keys as it says. `filter` and `message` are null or lead to
// a place for one.
LeaksieveStatus leaksieve_open(const char *path,
                               const LeaksieveTrust *trust,
                               LeaksieveFilter **filter,
                               LeaksieveMessage *message);

#if defined(LEAKSIEVE_UNIX)
// Open the file of a descriptor that is open to be read. It is duplicated, stays the caller's to
// close, and its place in the file is neither used nor moved.
//
// # Safety
// As of `leaksieve_open`; and nobody closes the descriptor meanwhile.
LeaksieveStatus leaksieve_open_descriptor(int descriptor,
                                          const LeaksieveTrust *trust,
                                          LeaksieveFilter **filter,
                                          LeaksieveMessage *message);
#endif

#if defined(LEAKSIEVE_UNIX)
// As `leaksieve_open_descriptor`, of a part of the file: `num_bytes` bytes from `offset_bytes` on.
//
// # Safety
// As of `leaksieve_open_descriptor`.
LeaksieveStatus leaksieve_open_region(int descriptor,
                                      int64_t offset_bytes,
                                      int64_t num_bytes,
                                      const LeaksieveTrust *trust,
                                      LeaksieveFilter **filter,
                                      LeaksieveMessage *message);
#endif

// Open a file that the caller reads. What `reader` leads to is copied; its context must be there
// until the file is closed.
//
// # Safety
// As of `leaksieve_open`; and `reader` is null or leads to a `LeaksieveReader` that does what
// `LeaksieveReadAt` says.
LeaksieveStatus leaksieve_open_reader(const LeaksieveReader *reader,
                                      const LeaksieveTrust *trust,
                                      LeaksieveFilter **filter,
                                      LeaksieveMessage *message);

// Close a file. Null is nothing to close.
//
// # Safety
// `filter` is null, or of a call that opened it, and is not closed yet; no other thread uses it.
void leaksieve_close(LeaksieveFilter *filter);

// Look a text up, in the leaks of its kind (a `LeaksieveKind`), or in all (0).
//
// # Safety
// `filter` is null or an open file. `text` leads to `num_bytes` bytes; with 0 bytes it may be
// null. `verdict` and `message` are null or lead to a place for one.
LeaksieveStatus leaksieve_check(const LeaksieveFilter *filter,
                                const uint8_t *text,
                                size_t num_bytes,
                                int32_t kind,
                                LeaksieveVerdict *verdict,
                                LeaksieveMessage *message);

// What a file holds.
//
// # Safety
// `filter` is null or an open file. `about` and `message` are null or lead to a place for one.
LeaksieveStatus leaksieve_about(const LeaksieveFilter *filter,
                                LeaksieveAbout *about,
                                LeaksieveMessage *message);

// One leak of a file; `index` is below `num_datasets`.
//
// # Safety
// `filter` is null or an open file. `dataset` and `message` are null or lead to a place for one.
LeaksieveStatus leaksieve_dataset(const LeaksieveFilter *filter,
                                  uint32_t index,
                                  LeaksieveDataset *dataset,
                                  LeaksieveMessage *message);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LEAKSIEVE_H */
