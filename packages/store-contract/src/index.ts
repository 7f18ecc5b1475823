// Owns the rules a store must keep, as a runnable suite.
// Does not own any store.
// This file is the table of contents; start here.
export {};
