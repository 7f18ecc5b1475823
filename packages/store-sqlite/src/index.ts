// Owns the embedded store on SQLite, with group commit.
// Does not own rules of sessions: it changes rows, it does not judge them.
// This file is the table of contents; start here.
export {};
