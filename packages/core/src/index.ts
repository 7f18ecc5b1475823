// Owns the rules: sessions, tokens, keys, revocation, operations, facts.
// Does not own the clock, the dice, the network, any store.
// This file is the table of contents; start here.
export {}
