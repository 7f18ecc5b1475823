// Why work on stores that nobody serves was refused: a backup, a restore, another secret for the operator. Nothing was changed then.

export type BackupProblemCode =
  | "store_forgets" // the memory store has nothing to back up
  | "no_store" // there is nothing to back up
  | "target_not_empty"
  | "no_backup"
  | "backup_unreadable"
  | "backup_broken"
  | "other_store" // made from another kind of store than the configured one
  | "other_tenants"
  | "store_not_empty"
  | "no_journal"
  | "journal_broken"
  | "journal_incomplete"
  | "nothing_to_restore"
  | "no_operator" // deleted for good
  | "tool_failed";

export class BackupProblem extends Error {
  override readonly name = "BackupProblem";
  readonly code: BackupProblemCode;
  readonly hint: string;

  constructor(code: BackupProblemCode, what: string, hint: string) {
    super(what);
    this.code = code;
    this.hint = hint;
  }
}
