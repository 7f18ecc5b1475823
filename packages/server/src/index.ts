// Owns HTTP: endpoints, admin, feed, configuration.
// Does not own the rules (core) and how rows are kept (stores).
// This file is the table of contents; start here.
export {};
