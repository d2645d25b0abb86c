/*
 * What mastheadctl's commands do.  The table is for control_open, whose
 * `arg` must then be the struct daemon.
 *
 * A command that changes the register answers when the change is on the disk
 * and attached guards have been told and have acknowledged, or have had
 * GUARDS_RESEND_MS to do so.  One that only looks changes nothing, logs
 * nothing and stores nothing.
 */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

#include <jansson.h>
#include <stdint.h>

#include "core/publisher.h"
#include "daemon/control.h"
#include "daemon/daemon.h"

#define COMMANDS_HISTORY_MAX 1000 /* decisions that `show` prints */

extern const struct control_command commands_table[];

/*
 * The rest is for the files that implement commands, command_*.c.
 */

struct daemon *commands_daemon(const struct control_request *q);

/* Operand `i`, or the text of an option, prepared, as the bare address of an
 * account.  0, or -1; then the request has been answered. */
int commands_jid(struct control_request *q, size_t i,
    char r[PUBLISHER_JID_MAX + 1]);
int commands_jid_of(struct control_request *q, const char *text,
    char r[PUBLISHER_JID_MAX + 1]);

/* Adds where something is: "kind", "name" for people, and "room", or "node"
 * with "service" or "owner". */
void commands_add_spot(json_t *r, const struct place_spot *at);

/* A date for programs and people, ISO 8601; null for 0. */
json_t *commands_date(int64_t s);
/* A record as `list` shows it, and as `show` does. */
json_t *commands_publisher_row(const struct publisher *p, int64_t now_s);
json_t *commands_publisher_full(const struct publisher *p, int64_t now_s);
/* An array of `count` words that stand `stride` bytes apart. */
json_t *commands_words(const char *first, size_t count, size_t stride);

/*
 * Tells guards what is void from `serial` on, waits for them, and answers
 * with `result` (taken), to which it adds "serial", "guards" and "warnings".
 * `actor` NULL: everything; borrowed until this returns.
 */
void commands_recall_and_reply(struct control_request *q, json_t *result,
    int64_t serial, const char *actor);

/* The same, when the guards have been told already: that many of them, of
 * which so many have answered. */
void commands_reply_told(struct control_request *q, json_t *result, size_t told,
    size_t answered);

void command_case_list(struct control_request *q);
void command_case_show(struct control_request *q);
void command_case_approve(struct control_request *q);
void command_case_refuse(struct control_request *q);
void command_case_ask(struct control_request *q);
void command_case_identity(struct control_request *q);
void command_appeal_list(struct control_request *q);
void command_appeal_show(struct control_request *q);
void command_appeal_decide(struct control_request *q);
void command_report_list(struct control_request *q);
void command_report_show(struct control_request *q);
void command_report_close(struct control_request *q);
void command_change_run(struct control_request *q);
void command_publisher_list(struct control_request *q);
void command_publisher_show(struct control_request *q);
void command_explain_run(struct control_request *q);
void command_status_places(struct control_request *q);
void command_status_guards(struct control_request *q);
void command_status_run(struct control_request *q);
void command_status_reload(struct control_request *q);
void command_proof_list(struct control_request *q);
void command_proof_check(struct control_request *q);
void command_evidence_rotate(struct control_request *q);
void command_evidence_erase(struct control_request *q);
void command_evidence_export(struct control_request *q);
void command_key_list(struct control_request *q);
void command_key_rotate(struct control_request *q);
void command_key_revoke(struct control_request *q);

#endif
